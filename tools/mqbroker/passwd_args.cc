#include "mqbroker/passwd_args.h"

#include <CLI/CLI.hpp>

#include "common/options.h"

namespace mq {

void declare(CLI::App& app, PasswdArgs& args) {
  CLI::App* const passwd = app.add_subcommand(
      "passwd", "FILE [USER [PASSWORD]]\n\nSets the password of a user in a password file.");
  passwd->final_callback([&args] { args.chosen = true; });
  using enum PasswordHash::Scheme;
  Options(*passwd, "Passwords")
      .flag("-c,--create", args.create, "Make a new file; one that is there is overwritten.")
      .flag("-b,--batch", args.batch, "Take the password from the command line.")
      .flag("-D,--delete", args.remove, "Delete the user.")
      .flag("-U,--upgrade", args.upgrade, "Hash the passwords of a file of NAME:PASSWORD lines.")
      .choice("-H,--hash", args.scheme,
              {{"sha512-pbkdf2", kPbkdf2},
               {"argon2id", kArgon2id},
               {"scram-sha-256", kScramSha256},
               {"scram-sha-512", kScramSha512}},
              "How to hash; with scram-* the user can log in by that method, too.")
      .number("-I,--iterations", args.iterations, "COUNT",
              "Iterations of all but argon2id: more make guessing and every log-in slower.",
              {1, PasswordHash::kIterationsMax});
  passwd->add_option("FILE", args.file)->required();
  passwd->add_option("USER", args.user);
  passwd->add_option("PASSWORD", args.password);
}

}  // namespace mq

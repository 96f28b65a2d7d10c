#include "io/child_process.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <uv.h>

#include "io/uv_error.h"
#include "io/uv_ptr.h"

namespace mq {
namespace {

// Owns the bytes until the pipe has taken them.
struct InputWrite {
  uv_write_t request;
  std::string bytes;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

struct ChildProcess::Running final : private BeforeSleep {
  Running(Loop& loop, ChildOptions options, Done when_done);

  void spawn(ChildOptions& options);
  void write_input(std::string input);
  void read_output();
  void output_came(Bytes bytes);
  void output_ended();
  void end_with_status();
  // A program that could not be started is reported as late as one that could.
  void before_sleep(Now) override { end(tl::unexpected(std::move(error))); }
  void end(Result<int> status) {
    const Done callback = std::move(done);  // outlives us when it destroys us
    callback(std::move(status));
  }

  Loop& loop;
  Done done;
  Error error{ErrorCode::kIo, ""};
  UvPtr<uv_process_t> process;
  UvPtr<uv_pipe_t> input_pipe, output_pipe;
  std::optional<size_t> output_max;
  std::string output;
  bool is_cut = false;             // there was more
  std::optional<int> exit_status;  // while the output lasts
};

ChildProcess::Running::Running(Loop& its_loop, ChildOptions options, Done when_done)
    : loop(its_loop), done(std::move(when_done)), output_max(options.output_max) {
  spawn(options);
}

void ChildProcess::Running::spawn(ChildOptions& options) {
  int code = 0;
  input_pipe = make_uv<uv_pipe_t>(
      [this](uv_pipe_t* pipe) { return uv_pipe_init(loop.uv(), pipe, 0); }, code);

  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.push_back(*variable);
  }
  std::vector<char*> added = pointers(options.environment);
  environment.insert(environment.end(), added.begin(), added.end());

  uv_stdio_container_t stdio[3];
  stdio[0].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_READABLE_PIPE);
  stdio[0].data.stream = reinterpret_cast<uv_stream_t*>(input_pipe.get());
  for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; ++fd) {
    stdio[fd].flags = UV_INHERIT_FD;
    stdio[fd].data.fd = fd;
  }
  if (output_max) {
    output_pipe = make_uv<uv_pipe_t>(
        [this](uv_pipe_t* pipe) { return uv_pipe_init(loop.uv(), pipe, 0); }, code);
    stdio[STDOUT_FILENO].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    stdio[STDOUT_FILENO].data.stream = reinterpret_cast<uv_stream_t*>(output_pipe.get());
  }
  std::vector<char*> words = pointers(options.words);
  uv_process_options_t how{};
  how.file = words[0];
  how.args = words.data();
  how.env = environment.data();
  how.stdio = stdio;
  how.stdio_count = 3;
  how.exit_cb = [](uv_process_t* handle, int64_t status, int signal) {
    auto* self = static_cast<Running*>(handle->data);
    if (self == nullptr) return;
    self->exit_status = signal != 0 ? 128 + signal : static_cast<int>(status);
    if (!self->output_pipe) self->end_with_status();
  };
  // A handle that uv_spawn() failed with is initialised all the same, and to be closed as any
  // other.
  int never = 0;
  process = make_uv<uv_process_t>(
      [&](uv_process_t* handle) {
        code = uv_spawn(loop.uv(), handle, &how);
        return 0;
      },
      never);
  process->data = this;
  if (code != 0) {
    error = uv_error(code, fmt::format("cannot run {}", options.words[0]));
    loop.once(*this);
    return;
  }
  write_input(std::move(options.input));
  if (output_pipe) read_output();
}

void ChildProcess::Running::read_output() {
  output_pipe->data = this;
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(output_pipe.get()),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        const auto block = Loop::of(handle->loop).read_buffer();
        *buffer =
            uv_buf_init(reinterpret_cast<char*>(block.data()), static_cast<unsigned>(block.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto* self = static_cast<Running*>(stream->data);
        if (self == nullptr || count == 0) return;
        if (count < 0) return self->output_ended();
        self->output_came(
            Bytes(reinterpret_cast<const uint8_t*>(buffer->base), static_cast<size_t>(count)));
      });
}

// With too much of it the pipe is closed, which ends most programs.
void ChildProcess::Running::output_came(Bytes bytes) {
  is_cut = bytes.size() > *output_max - output.size();
  output += to_string_view(bytes.first(std::min(bytes.size(), *output_max - output.size())));
  if (is_cut) output_ended();
}

void ChildProcess::Running::output_ended() {
  output_pipe.reset();
  if (exit_status) end_with_status();
}

void ChildProcess::Running::end_with_status() {
  if (!is_cut) return end(*exit_status);
  end(fail(ErrorCode::kTooLarge, fmt::format("its output is over {} bytes", *output_max)));
}

void ChildProcess::Running::write_input(std::string input) {
  input_pipe->data = this;
  auto* write = new InputWrite{{}, std::move(input)};
  const uv_buf_t buffer =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int code = uv_write(&write->request, reinterpret_cast<uv_stream_t*>(input_pipe.get()),
                            &buffer, 1, [](uv_write_t* request, int) {
                              // Written, or not wanted: either way the input ends.
                              auto* self = static_cast<Running*>(request->handle->data);
                              delete reinterpret_cast<InputWrite*>(request);
                              if (self != nullptr) self->input_pipe.reset();
                            });
  if (code != 0) {
    delete write;
    input_pipe.reset();
  }
}

ChildProcess::ChildProcess(Loop& loop, ChildOptions options, Done done)
    : running_(std::make_unique<Running>(loop, std::move(options), std::move(done))) {}

ChildProcess::~ChildProcess() = default;

std::string ChildProcess::take_output() {
  return std::move(running_->output);
}

}  // namespace mq

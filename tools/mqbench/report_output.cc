// Which forms of a record go where.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/core.h>

#include "common/console.h"
#include "common/options.h"
#include "mqbench/output_file.h"
#include "mqbench/record_json.h"
#include "mqbench/report.h"

namespace mq {
namespace {

// A file for each latency that was measured.
Result<void> write_hgrm(const Record& record, const std::string& prefix) {
  for (const LatencyRow& row : latencies(record)) {
    if (row.histogram->count() == 0) continue;
    std::string name(row.label);
    for (char& c : name) c = c == ' ' ? '_' : c;
    MQ_CHECK(write_file(fmt::format("{}{}.hgrm", prefix, name), hgrm_report(*row.histogram)));
  }
  return {};
}

Result<void> write_directory(const Record& record, const OutputArgs& args) {
  const std::string& directory = *args.directory;
  if (mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail(ErrorCode::kIo, fmt::format("cannot make {}: {}", directory, std::strerror(errno)));
  }
  MQ_CHECK(write_file(directory + "/result.txt", text_report(record, args.unit)));
  MQ_CHECK(write_file(directory + "/result.json", to_json(record)));
  MQ_CHECK(write_file(directory + "/result.jsonl", jsonl_report(record)));
  MQ_CHECK(write_file(directory + "/report.html", html_report(record)));
  MQ_CHECK(write_file(directory + "/intervals.csv", csv_report(record)));
  MQ_CHECK(write_file(directory + "/report.md", markdown_report(record, args.unit)));
  MQ_CHECK(write_file(directory + "/intervals.hlog", hlog_report(record)));
  return write_hgrm(record, directory + "/");
}

}  // namespace

void declare(CLI::App& app, OutputArgs& args) {
  Options(app, "Report")
      .text_or("--json", args.json, "FILE", "-",
               "Write the result as a line of JSON to a file; to standard output without one, in "
               "place of the text.")
      .text("--jsonl", args.jsonl, "FILE",
            "Write a line of JSON for each second, while it goes on, and the result as the last "
            "one; with -, to standard output in place of the text.")
      .text("--html", args.html, "FILE", "Write an HTML page with charts that needs no other file.")
      .text("--csv", args.csv, "FILE", "Write a table with a row for each second.")
      .text("--md", args.markdown, "FILE", "Write tables in Markdown.")
      .text("--hlog", args.hlog, "FILE", "Write a histogram log, as HdrHistogram's tools read it.")
      .text("--hgrm", args.hgrm_prefix, "PREFIX",
            "Write the percentiles of each latency to PREFIXresponse.hgrm and so on, as "
            "HdrHistogram's tools read them.")
      .choice("--unit", args.unit,
              {{"auto", TimeUnit::kAuto},
               {"us", TimeUnit::kMicroseconds},
               {"ms", TimeUnit::kMilliseconds}},
              "Unit of the latencies in the text and in Markdown: whichever fits each, or always "
              "the same.")
      .text("-o,--output", args.directory, "DIR", "Write all of these into a directory.");
}

Result<void> check_writable(const OutputArgs& args) {
  for (const auto* const path :
       {&args.json, &args.jsonl, &args.html, &args.csv, &args.markdown, &args.hlog}) {
    if (*path) MQ_CHECK(check_writable(**path));
  }
  if (args.hgrm_prefix) MQ_CHECK(check_writable(*args.hgrm_prefix + "ack.hgrm"));
  if (!args.directory) return {};
  struct stat status {};
  const bool is_there = stat(args.directory->c_str(), &status) == 0;
  return check_writable(is_there ? *args.directory + "/result.json" : *args.directory);
}

std::vector<Error> write_reports(const Record& record, const OutputArgs& args,
                                 bool jsonl_is_written) {
  std::vector<Error> errors;
  const auto keep = [&errors](const Result<void>& written) {
    if (!written) errors.push_back(written.error());
  };
  if (args.json != "-" && args.jsonl != "-") keep(print_text(text_report(record, args.unit)));
  if (args.json) keep(write_file(*args.json, to_json(record)));
  if (args.jsonl && !jsonl_is_written) keep(write_file(*args.jsonl, jsonl_report(record)));
  if (args.html) keep(write_file(*args.html, html_report(record)));
  if (args.csv) keep(write_file(*args.csv, csv_report(record)));
  if (args.markdown) keep(write_file(*args.markdown, markdown_report(record, args.unit)));
  if (args.hlog) keep(write_file(*args.hlog, hlog_report(record)));
  if (args.hgrm_prefix) keep(write_hgrm(record, *args.hgrm_prefix));
  if (args.directory) keep(write_directory(record, args));
  return errors;
}

}  // namespace mq

// The terminal of standard output: how large it is, and its modes while a screen is on it.
#pragma once

#include <string>

#include "screen/canvas.h"

struct termios;

namespace mq {

// There is one at a time. However the program ends, kill -9 excepted, the modes are put back.
class Terminal {
 public:
  // REQUIRES: standard output is a terminal
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  static Size size();
  // Where keys come from: standard input, or the terminal itself when that is something else. -1
  // when there is none.
  int keys() const { return keys_; }

  // Keys come one by one and are not echoed; Ctrl-C, Ctrl-Z and Ctrl-S are what they always are.
  void take();
  void give_back();
  // Written by a program that crashes; what ScreenWriter::leave() gives.
  static void set_last_words(std::string bytes);

 private:
  int keys_;
  bool keys_are_ours_ = false;
};

}  // namespace mq

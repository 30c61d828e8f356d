#pragma once
// Progress tells when half of the transfers are done, and when all are, how long the longest pause
// was.

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>

class Progress {
public:
  explicit Progress(int count): count(count) {}

  void add(int transfers) {
    auto now = Clock::now();
    if (done > 0) pause = std::max(pause, Seconds(now - last));
    last = now;
    bool wasBelowHalf = done < count / 2;
    done += transfers;
    if (wasBelowHalf && done >= count / 2) {
      std::cout << done << " of " << count << " transfers are done" << std::endl;
    }
  }

  void tellAll() {
    std::cout << done << " of " << count << " transfers are done, after a pause of " << std::fixed
              << std::setprecision(1) << pause.count() << " s" << std::endl;
  }

private:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  int count;
  int done = 0;
  Clock::time_point last;
  Seconds pause{0};
};

#include "base/ref.h"

#include <utility>

#include <doctest/doctest.h>

using namespace mq;

namespace {

struct Counted {
  explicit Counted(int& alive_count) : alive(alive_count) { ++alive; }
  ~Counted() { --alive; }
  void retain() const { ++count; }
  void release() const {
    if (--count == 0) delete this;
  }
  int& alive;
  mutable int count = 0;
};

}  // namespace

TEST_CASE("an object dies with its last reference") {
  int alive = 0;
  {
    Ref<Counted> a(new Counted(alive));
    CHECK(a->count == 1);
    {
      const Ref<Counted> b = a;
      CHECK(a->count == 2);
      CHECK(a == b);
    }
    CHECK(a->count == 1);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("moving a reference does not count") {
  int alive = 0;
  Ref<Counted> a(new Counted(alive));
  Ref<Counted> b = std::move(a);
  CHECK(b->count == 1);
  Ref<Counted> c;
  c = std::move(b);
  CHECK(c->count == 1);
  c = nullptr;
  CHECK(alive == 0);
  CHECK(!c);
}

TEST_CASE("assigning a reference releases what it held") {
  int first = 0, second = 0;
  Ref<Counted> a(new Counted(first));
  const Ref<Counted> b(new Counted(second));
  a = b;
  CHECK(first == 0);
  CHECK(b->count == 2);
  CHECK(a.get() == b.get());
}

TEST_CASE("a reference survives assignment from itself") {
  int alive = 0;
  Ref<Counted> a(new Counted(alive));
  const Ref<Counted>& same = a;
  a = same;
  CHECK(alive == 1);
  CHECK((*a).count == 1);
}

TEST_CASE("an adopted object is not counted again") {
  int alive = 0;
  auto* object = new Counted(alive);
  object->retain();
  {
    const Ref<Counted> a = Ref<Counted>::adopt(object);
    CHECK(a->count == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("a null reference holds nothing") {
  const Ref<Counted> none(static_cast<Counted*>(nullptr));
  CHECK(!none);
  CHECK(none == Ref<Counted>());
}

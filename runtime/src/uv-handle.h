#pragma once
// A UvHandle owns one libuv handle, and this is the one place that knows how such a thing dies.
//
// uv_close() is asynchronous: libuv uses a handle's memory until the loop has called the close
// callback. So the handle lives in a node of its own; destroying the UvHandle closes it, which
// cancels its callbacks at once, and the node is freed when libuv and the UvHandle are both done
// with it.
//
//     UvHandle<uv_timer_t> timer(registry, this, [&](uv_timer_t* raw) { return uv_timer_init(loop,
//     raw); }); uv_timer_start(&timer.get(), callback, 10, 0);   // callback:
//     static_cast<Owner*>(raw->data)
//
// A registry knows every open handle of a Loop, so that a Loop destroyed too early can close what
// is left.

#include <kj/common.h>
#include <kj/debug.h>
#include <kj/list.h>
#include <uv.h>

#include "uv-error.h"

namespace troth {

class HandleRegistry;

// What handles of all types have in common.
class HandleNode {
public:
  HandleNode(HandleRegistry& registry, uv_handle_t* raw): registry(registry), raw(raw) {}
  virtual ~HandleNode() noexcept(false) {}
  KJ_DISALLOW_COPY_AND_MOVE(HandleNode);

  // Tells the registry and libuv's close callback about a handle that has been initialized.
  void open();

  // Cancels the handle's callbacks. Harmless if it has been closed.
  void close();

  // The UvHandle is gone: closes, and frees the node as soon as libuv allows.
  void release();

  bool isOpen() const { return link.isLinked(); }

  kj::ListLink<HandleNode> link;

private:
  HandleRegistry& registry;
  uv_handle_t* raw;
  bool closed = false;
  bool released = false;

  static void onClosed(uv_handle_t* raw);
};

// The open handles of one Loop.
class HandleRegistry {
public:
  HandleRegistry() = default;
  KJ_DISALLOW_COPY_AND_MOVE(HandleRegistry);

  size_t size() const { return handles.size(); }
  void closeAll();

private:
  kj::List<HandleNode, &HandleNode::link> handles;

  friend class HandleNode;
};

template <typename Raw>
class UvHandle {
public:
  // `init` calls the type's uv_*_init() and returns its result. `owner` becomes the `data` that
  // callbacks find.
  template <typename Init>
  UvHandle(HandleRegistry& registry, void* owner, Init&& init): node(new Node(registry)) {
    int code = init(&node->raw);
    if (code < 0) {
      delete node;
      kj::throwFatalException(uvError(code, "make a libuv handle"));
    }
    node->raw.data = owner;
    node->open();
  }
  ~UvHandle() noexcept(false) { node->release(); }
  KJ_DISALLOW_COPY_AND_MOVE(UvHandle);

  bool isOpen() const { return node->isOpen(); }

  // The handle, for calls that need it to be open.
  Raw& get() {
    KJ_REQUIRE(isOpen(), "the Loop that this object belongs to has been destroyed");
    return node->raw;
  }

  // The same for threads other than the loop's, which must not look at the registry.
  const Raw& getUnchecked() const { return node->raw; }

private:
  struct Node final: public HandleNode {
    explicit Node(HandleRegistry& registry)
        : HandleNode(registry, reinterpret_cast<uv_handle_t*>(&raw)) {}
    Raw raw;
  };
  Node* node;
};

}  // namespace troth

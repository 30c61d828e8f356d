#include "uv-handle.h"

namespace troth {

void HandleNode::open() { registry.handles.add(*this); }

void HandleNode::close() {
  if (!isOpen()) return;
  registry.handles.remove(*this);
  raw->data = this;
  uv_close(raw, &onClosed);
}

void HandleNode::release() {
  released = true;
  close();
  if (closed) delete this;
}

void HandleNode::onClosed(uv_handle_t* raw) {
  auto node = static_cast<HandleNode*>(raw->data);
  node->closed = true;
  if (node->released) delete node;
}

void HandleRegistry::closeAll() {
  while (!handles.empty()) handles.front().close();
}

}  // namespace troth

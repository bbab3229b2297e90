// SPDX-License-Identifier: MIT
// Functions that are traced, in C++: names with their types, and calls that an exception ends.
#include <stdexcept>
#include <string>
#include <tracex/trace.h>

namespace shop {

int reserve(const std::string &item) {
    TX_TRACE_FUNCTION_ARGS(TX_STR("item", item));
    if (item == "unicorn")
        throw std::runtime_error("there is none");
    TX_TRACE_RESULT(TX_I64("result", 7));
    return 7;
}

template <typename T> T twice(T value) {
    TX_TRACE_FUNCTION();
    return value + value;
}

} // namespace shop

int main() {
    TX_TRACE_FUNCTION();
    int n = shop::reserve("book") + shop::twice(1);
    try {
        shop::reserve("unicorn");
    } catch (const std::runtime_error &) {
        n++;
    }
    return n == 10 ? 0 : 1;
}

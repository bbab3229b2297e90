/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_AUDIT_CPP_H
#define TRACEX_AUDIT_CPP_H

/* The C++17 half of <tracex/audit.h>, which includes it; not for programs to include. */

#include <cstddef>
#include <string_view>
#include <type_traits>

/* TX_STR takes std::string and std::string_view too. */
inline tx_kv tx_kv_str(const char *name, std::string_view text) noexcept {
    return tx_kv_strn(name, text.data() ? text.data() : "", text.size());
}

template <typename T> inline tx_kv tx_kv_of_(const char *name, const T &v) noexcept {
    if constexpr (std::is_same_v<T, bool>)
        return tx_kv_bool(name, v);
    else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
        return tx_kv_i64(name, v);
    else if constexpr (std::is_integral_v<T>)
        return tx_kv_u64(name, v);
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
        return tx_kv_f64(name, static_cast<double>(v));
    else if constexpr (std::is_same_v<T, std::nullptr_t>)
        return tx_kv_str(name, static_cast<const char *>(nullptr));
    else if constexpr (std::is_convertible_v<const T &, const char *>)
        return tx_kv_str(name, static_cast<const char *>(v));
    else {
        static_assert(std::is_convertible_v<const T &, std::string_view>,
                      "TX_KV takes truth values, numbers and texts; see TX_BYTES and TX_JSON");
        return tx_kv_str(name, static_cast<std::string_view>(v));
    }
}

/* TX_KV(name, value): by the value's type. */
#define TX_KV(name, v) tx_kv_of_(name, v)

template <typename... Fields>
inline int tx_audit_log(const char *event, enum tx_outcome outcome,
                        const Fields &...fields) noexcept {
    static_assert((std::is_same_v<Fields, tx_kv> && ...), "fields are made by TX_STR and the like");
    const tx_kv list[] = {fields..., tx_kv_end()};
    return tx_audit_log_list(event, outcome, list);
}

/* TX_BUFFERED: it may wait in the process for a millisecond. */
template <typename... Fields>
inline int tx_audit_log_buffered(const char *event, enum tx_outcome outcome,
                                 const Fields &...fields) noexcept {
    static_assert((std::is_same_v<Fields, tx_kv> && ...), "fields are made by TX_STR and the like");
    const tx_kv list[] = {fields..., tx_kv_end()};
    return tx_audit_log_buffered_list(event, outcome, list);
}

/* Returns when the record is on disk and in the tree. ret_receipt may be nullptr. */
template <typename... Fields>
inline int tx_audit_log_durable(const char *event, enum tx_outcome outcome, tx_receipt *ret_receipt,
                                const Fields &...fields) noexcept {
    static_assert((std::is_same_v<Fields, tx_kv> && ...), "fields are made by TX_STR and the like");
    const tx_kv list[] = {fields..., tx_kv_end()};
    return tx_audit_log_durable_list(event, outcome, ret_receipt, list);
}

#endif

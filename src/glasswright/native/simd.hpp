// Vectors for the kernels: the only file of the core that names instructions. 16 lanes of float with AVX-512, 8 with AVX2, 4 in the
// portable form (128 bits: SSE2, NEON), all of them vector types of GCC and clang, so that + - * / & | << >> and comparisons work as
// written; a * b + c contracts to a fused multiply-add where the processor has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

// Vectors wider than the processor's have another calling convention with its flags than without; nothing here is called across files.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace glasswright::simd {

// N numbers of type T; N * sizeof(T) a power of two. Wider ones than the processor has are split by the compiler.
template <class T, int N> struct VecOf {
    typedef T type __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N> using Vec = typename VecOf<T, N>::type;

template <class V, class T> inline V load(const T *from) {
    V v;
    std::memcpy(&v, from, sizeof v);
    return v;
}
template <class V, class T> inline void store(T *to, const V &v) { std::memcpy(to, &v, sizeof v); }
template <class V, class T> inline V broadcast(T value) { return value - V{}; }
// The same bits as another type.
template <class To, class From> inline To bits_as(From v) {
    static_assert(sizeof(To) == sizeof(From));
    return (To)v;
}

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define GLASSWRIGHT_AVX512
inline constexpr int lanes = 16;
#elif defined(__AVX2__) && defined(__FMA__)
#define GLASSWRIGHT_AVX2
inline constexpr int lanes = 8;
#else
inline constexpr int lanes = 4;
#endif

using Float = Vec<float, lanes>;
using Int = Vec<std::int32_t, lanes>;
using UInt = Vec<std::uint32_t, lanes>;

inline Float to_float(Int v) { return __builtin_convertvector(v, Float); }
// Towards zero; of any value that an integer cannot hold, some integer.
inline Int to_int(Float v) { return __builtin_convertvector(v, Int); }

// Differences of fixed-point fractions wrap around.
inline Int wrapping_difference(Int a, Int b) { return (Int)((UInt)a - (UInt)b); }

inline Int iota() {
    Int v;
    for (int k = 0; k < lanes; ++k) v[k] = k;
    return v;
}

#if defined(GLASSWRIGHT_AVX512)

using Mask = __mmask16;
inline Mask first_lanes(int n) { return static_cast<Mask>(n >= lanes ? 0xffff : (1u << n) - 1); }
inline unsigned bits(Mask m) { return m; }
inline Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
inline Mask less(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask differ(Int a, Int b) { return _mm512_cmpneq_epi32_mask((__m512i)a, (__m512i)b); }
inline Mask same(Int a, Int b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
inline Float keep(Mask m, Float v) { return _mm512_maskz_mov_ps(m, v); }
inline Float least(Float a, Float b) { return _mm512_maskz_min_ps(0xffff, a, b); }
inline Float greatest(Float a, Float b) { return _mm512_maskz_max_ps(0xffff, a, b); }
// a b + c; written out where the compiler does not contract it.
inline Float multiply_add(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }

// Stores the lanes of the mask side by side (up to `lanes` values are written) and gives their number. In a register and then a plain
// store: the memory form of the instruction takes a hundred cycles on Zen 4.
inline int compress(std::int32_t *to, Int v, Mask m) {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(m, (__m512i)v));
    return __builtin_popcount(m);
}

inline __m128 row(const void *base, std::int32_t offset) {
    return _mm_loadu_ps(reinterpret_cast<const float *>(static_cast<const char *>(base) + static_cast<std::uint32_t>(offset)));
}
// Four numbers from each of the offsets 0, 4, 8 and 12, side by side; in steps that are halves first: they take less of the processor.
inline Float every_fourth_row(const void *base, const std::int32_t *offset) {
    const auto two = [&](int k) { return _mm256_insertf128_ps(_mm256_castps128_ps256(row(base, offset[k])), row(base, offset[k + 4]), 1); };
    return _mm512_insertf32x8(_mm512_castps256_ps512(two(0)), two(8), 1);
}

inline float sum(Float v) {
    const auto half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    const auto quarter = __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
    return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

// 32 numbers in two registers, looked up by the lowest five bits of every lane.
struct Table32 {
    __m512 low, high;
    explicit Table32(const float *from) : low(_mm512_loadu_ps(from)), high(_mm512_loadu_ps(from + 16)) {}
    Float operator[](Int index) const { return _mm512_permutex2var_ps(low, (__m512i)index, high); }
};
// 16 numbers, looked up by indices from 0 to 15.
struct Table16 {
    __m512 values;
    explicit Table16(const float *from) : values(_mm512_loadu_ps(from)) {}
    Float operator[](Int index) const { return _mm512_maskz_permutexvar_ps(0xffff, (__m512i)index, values); }
};

#elif defined(GLASSWRIGHT_AVX2)

using Mask = Int;
inline Mask first_lanes(int n) { return iota() < n; }
inline unsigned bits(Mask m) { return static_cast<unsigned>(_mm256_movemask_ps((__m256)m)); }
inline Mask both(Mask a, Mask b) { return a & b; }
inline Mask less(Float a, Float b) { return a < b; }
inline Mask differ(Int a, Int b) { return a != b; }
inline Mask same(Int a, Int b) { return a == b; }
inline Float keep(Mask m, Float v) { return (Float)((Int)v & m); }
inline Float least(Float a, Float b) { return _mm256_min_ps(a, b); }
inline Float greatest(Float a, Float b) { return _mm256_max_ps(a, b); }
inline Float multiply_add(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }

// Which lanes to take, for every set of lanes to keep.
struct CompressOrder {
    alignas(32) std::int32_t lane[256][8];
    constexpr CompressOrder() : lane{} {
        for (int m = 0; m < 256; ++m)
            for (int k = 0, n = 0; k < 8; ++k)
                if (m >> k & 1) lane[m][n++] = k;
    }
};
inline constexpr CompressOrder compress_order{};

inline int compress(std::int32_t *to, Int v, Mask m) {
    const unsigned which = bits(m);
    const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i *>(compress_order.lane[which]));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm256_permutevar8x32_epi32((__m256i)v, order));
    return __builtin_popcount(which);
}

inline __m128 row(const void *base, std::int32_t offset) {
    return _mm_loadu_ps(reinterpret_cast<const float *>(static_cast<const char *>(base) + static_cast<std::uint32_t>(offset)));
}
inline Float every_fourth_row(const void *base, const std::int32_t *offset) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(row(base, offset[0])), row(base, offset[4]), 1);
}

inline float sum(Float v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

struct Table16 {
    __m256 low, high;
    explicit Table16(const float *from) : low(_mm256_loadu_ps(from)), high(_mm256_loadu_ps(from + 8)) {}
    Float operator[](Int index) const {
        const __m256i i = (__m256i)index;
        return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, i), _mm256_permutevar8x32_ps(high, i), (__m256)(index > 7));
    }
};

#else

using Mask = Int;
inline Mask first_lanes(int n) { return iota() < n; }
inline unsigned bits(Mask m) { return (m[0] & 1) | (m[1] & 2) | (m[2] & 4) | (m[3] & 8); }
inline Mask both(Mask a, Mask b) { return a & b; }
inline Mask less(Float a, Float b) { return a < b; }
inline Mask differ(Int a, Int b) { return a != b; }
inline Mask same(Int a, Int b) { return a == b; }
inline Float keep(Mask m, Float v) { return (Float)((Int)v & m); }
inline Float least(Float a, Float b) { return a < b ? a : b; }
inline Float greatest(Float a, Float b) { return a > b ? a : b; }
inline Float multiply_add(Float a, Float b, Float c) { return a * b + c; }

inline int compress(std::int32_t *to, Int v, Mask m) {
    int n = 0;
    for (int k = 0; k < lanes; ++k) to[n] = v[k], n -= m[k];
    return n;
}

inline Float every_fourth_row(const void *base, const std::int32_t *offset) {
    return load<Float>(reinterpret_cast<const float *>(static_cast<const char *>(base) + static_cast<std::uint32_t>(offset[0])));
}

inline float sum(Float v) { return (v[0] + v[2]) + (v[1] + v[3]); }

struct Table16 {
    const float *values;
    explicit Table16(const float *from) : values(from) {}
    Float operator[](Int index) const { return Float{values[index[0]], values[index[1]], values[index[2]], values[index[3]]}; }
};

#endif

// Interleaves the low (first = 0) or high (first = half the group) elements of two vectors within groups of `group` elements.
template <int group, int first, class V, std::size_t... k> inline V interleave(V a, V b, std::index_sequence<k...>) {
    constexpr int n = sizeof...(k);
    return __builtin_shufflevector(a, b, (static_cast<int>(k) / group * group + first + static_cast<int>(k) % group / 2 + (k % 2 ? n : 0))...);
}

// Rows of four 4-byte numbers, so many bytes behind the base, transposed: a, b, c and d take their first ... fourth numbers.
template <class V> inline void gather_rows(const void *base, const std::int32_t *offset, V &a, V &b, V &c, V &d) {
    using Double = Vec<double, lanes / 2>;
    constexpr std::make_index_sequence<lanes> all;
    constexpr std::make_index_sequence<lanes / 2> pairs;
    const Float r0 = every_fourth_row(base, offset), r1 = every_fourth_row(base, offset + 1);
    const Float r2 = every_fourth_row(base, offset + 2), r3 = every_fourth_row(base, offset + 3);
    const auto low01 = (Double)interleave<4, 0>(r0, r1, all), low23 = (Double)interleave<4, 0>(r2, r3, all);
    const auto high01 = (Double)interleave<4, 2>(r0, r1, all), high23 = (Double)interleave<4, 2>(r2, r3, all);
    a = (V)interleave<2, 0>(low01, low23, pairs), b = (V)interleave<2, 1>(low01, low23, pairs);
    c = (V)interleave<2, 0>(high01, high23, pairs), d = (V)interleave<2, 1>(high01, high23, pairs);
}

// The same operations on doubles, half as many to a vector. The compiler finds the instructions.
inline constexpr int double_lanes = lanes / 2;
using Double = Vec<double, double_lanes>;
using Long = Vec<std::int64_t, double_lanes>;

inline Long less(Double a, Double b) { return a < b; }
inline Double keep(Long m, Double v) { return (Double)((Long)v & m); }
inline Double least(Double a, Double b) { return a < b ? a : b; }
inline Double greatest(Double a, Double b) { return a > b ? a : b; }
inline double sum(Double v) {
    double s = 0;
    for (int k = 0; k < double_lanes; ++k) s += v[k];
    return s;
}
template <std::size_t first, std::size_t... k> inline Double widened(Float v, std::index_sequence<k...>) {
    return __builtin_convertvector(__builtin_shufflevector(v, v, (first + k)...), Double);
}
inline Double low_half(Float v) { return widened<0>(v, std::make_index_sequence<double_lanes>()); }
inline Double high_half(Float v) { return widened<double_lanes>(v, std::make_index_sequence<double_lanes>()); }
// To the nearest integer, for values below 2^51.
inline Double rounded(Double v) { return (v + 6755399441055744.0) - 6755399441055744.0; }

} // namespace glasswright::simd

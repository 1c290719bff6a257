// Roots, exponentials and powers of vectors, in single and in double precision.
#pragma once

#include "simd.hpp"

#include <cmath>

namespace glasswright::simd {

inline Float root(Float v) {
#if defined(GLASSWRIGHT_AVX512)
    return _mm512_maskz_sqrt_ps(0xffff, v);
#elif defined(GLASSWRIGHT_AVX2)
    return _mm256_sqrt_ps(v);
#else
    for (int k = 0; k < lanes; ++k) v[k] = std::sqrt(v[k]);
    return v;
#endif
}
inline Double root(Double v) {
    for (int k = 0; k < double_lanes; ++k) v[k] = std::sqrt(v[k]);
    return v;
}

// e^x for x ≤ 0; 0 below the smallest normal number. x = n ln 2 + f: a polynomial in f, and n added to the exponent. The number added
// to round x / ln 2 leaves n in the lowest bits.
inline Float exponential(Float x) {
    const Float shifted = greatest(x, broadcast<Float>(-87.0f)) * 1.442695041f + 12582912.0f, n = shifted - 12582912.0f;
    const Float f = (greatest(x, broadcast<Float>(-87.0f)) - n * 0.693359375f) + n * 2.12194440e-4f;
    // Minimax polynomials of Cephes' expf: 1 + f + f² (1/2 + ...), good to the last bit or two.
    const Float p = ((((f * 1.9875691500e-4f + 1.3981999507e-3f) * f + 8.3334519073e-3f) * f + 4.1665795894e-2f) * f + 1.6666665459e-1f) * f + 5.0000001201e-1f;
    return bits_as<Float>(bits_as<Int>(p * f * f + f + 1.0f) + (bits_as<Int>(shifted) << 23));
}
inline Double exponential(Double x) {
    x = greatest(x, broadcast<Double>(-700.0));
    const Double shifted = x * 1.4426950408889634 + 6755399441055744.0, n = shifted - 6755399441055744.0;
    const Double f = (x - n * 0.693145751953125) - n * 1.42860682030941723212e-6;
    // Taylor's series: the next term is below 1e-17 for |f| ≤ ln 2 / 2.
    Double p = broadcast<Double>(1.0 / 6227020800);
    for (const double inverse_factorial : {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0})
        p = p * f + inverse_factorial;
    return bits_as<Double>(bits_as<Long>(p) + (bits_as<Long>(shifted) << 52));
}

// v^n for a power that is the same in all lanes; whole numbers are multiplied out.
template <class V, class T> inline V power(V v, T n) {
    V result = broadcast<V>(T(1));
    if (n == std::floor(n) && n <= 64) {
        for (int left = static_cast<int>(n); left > 0; left >>= 1, v *= v)
            if (left & 1) result *= v;
    } else {
        for (std::size_t k = 0; k < sizeof(V) / sizeof(T); ++k) result[k] = std::pow(v[k], n);
    }
    return result;
}

} // namespace glasswright::simd

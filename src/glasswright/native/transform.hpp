// Discrete Fourier transforms of eight lines at once, of any length that is a product of 2, 3 and 5: self-sorting mixed radix. With
// eight lines in every instruction it is faster than sums over tables from 12 points on, and as fast below.
#pragma once

#include "window.hpp"

#include <cmath>
#include <memory>
#include <new>
#include <numbers>
#include <utility>
#include <vector>

namespace glasswright {

// Memory that begins on a cache line, zero at first.
template <class Real> class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t size) : data_(static_cast<Real *>(operator new(size * sizeof(Real), std::align_val_t{64}))), size_(size) {
        std::memset(static_cast<void *>(data_.get()), 0, size * sizeof(Real));
    }
    Buffer(const Buffer &other) : Buffer(other.size_) {
        if (size_) std::memcpy(static_cast<void *>(data()), other.data(), size_ * sizeof(Real));
    }
    Buffer(Buffer &&) = default;
    Buffer &operator=(Buffer &&) = default;
    Real *data() const { return data_.get(); }
    std::size_t size() const { return size_; }

private:
    struct Release {
        void operator()(Real *p) const { operator delete(static_cast<void *>(p), std::align_val_t{64}); }
    };
    std::unique_ptr<Real, Release> data_;
    std::size_t size_ = 0;
};

// Eight complex lines, element by element.
template <class Real> struct Lines {
    Eight<Real> *re, *im;
    Lines swapped() const { return {im, re}; }
};

template <class Real> class Fourier {
    using V = Eight<Real>;

public:
    explicit Fourier(int n) : n_(n) {
        int left = n;
        for (int radix : {4, 2, 3, 5})
            for (; left > 0 && left % radix == 0; left /= radix) radices_.push_back(radix);
        if (left != 1) throw std::invalid_argument("The length of a transform must be a product of 2, 3 and 5.");
        left = n;
        for (const int radix : radices_) {
            const int whole = left;
            left /= radix;
            for (int p = 0; p < left; ++p)
                for (int t = 1; t < radix; ++t) {
                    const double angle = 2 * std::numbers::pi * (p * t % whole) / whole;
                    twiddles_.push_back(static_cast<Real>(std::cos(angle))), twiddles_.push_back(static_cast<Real>(std::sin(angle)));
                }
        }
    }

    // Σ_j x_j exp(-2πi jk/n). Works in both places and says in which the result is.
    Lines<Real> forward(Lines<Real> x, Lines<Real> spare) const {
        const Real *twiddle = twiddles_.data();
        for (int left = n_, stride = 1; const int radix : radices_) {
            left /= radix;
            switch (radix) {
            case 2: pass<2>(left, stride, twiddle, x, spare); break;
            case 3: pass<3>(left, stride, twiddle, x, spare); break;
            case 4: pass<4>(left, stride, twiddle, x, spare); break;
            default: pass<5>(left, stride, twiddle, x, spare);
            }
            twiddle += 2 * left * (radix - 1);
            stride *= radix;
            std::swap(x, spare);
        }
        return x;
    }
    // Σ_k x_k exp(+2πi jk/n)
    Lines<Real> inverse(Lines<Real> x, Lines<Real> spare) const { return forward(x.swapped(), spare.swapped()).swapped(); }

private:
    // One decimation in frequency (Stockham): lines of length left · R, `stride` of them interleaved, become R times as many.
    template <int R> static void pass(int left, int stride, const Real *twiddle, Lines<Real> x, Lines<Real> y) {
        for (int p = 0; p < left; ++p, twiddle += 2 * (R - 1))
            for (int q = 0; q < stride; ++q) {
                V re[R], im[R];
                for (int r = 0; r < R; ++r) re[r] = x.re[q + stride * (p + left * r)], im[r] = x.im[q + stride * (p + left * r)];
                butterfly(re, im);
                V *to_re = y.re + q + stride * R * p, *to_im = y.im + q + stride * R * p;
                to_re[0] = re[0], to_im[0] = im[0];
                for (int t = 1; t < R; ++t) {
                    const Real c = twiddle[2 * t - 2], s = twiddle[2 * t - 1];
                    to_re[stride * t] = c * re[t] + s * im[t], to_im[stride * t] = c * im[t] - s * re[t];
                }
            }
    }

    // Transforms of 2, 3, 4 and 5 numbers in place.
    [[gnu::always_inline]] static void butterfly(V (&re)[2], V (&im)[2]) {
        const V a = re[1], b = im[1];
        re[1] = re[0] - a, im[1] = im[0] - b;
        re[0] += a, im[0] += b;
    }
    [[gnu::always_inline]] static void butterfly(V (&re)[3], V (&im)[3]) {
        constexpr Real s = Real(0.86602540378443864676L);
        const V sum_re = re[1] + re[2], sum_im = im[1] + im[2];
        const V across_re = s * (im[1] - im[2]), across_im = s * (re[2] - re[1]);
        const V rest_re = re[0] - Real(0.5) * sum_re, rest_im = im[0] - Real(0.5) * sum_im;
        re[0] += sum_re, im[0] += sum_im;
        re[1] = rest_re + across_re, im[1] = rest_im + across_im;
        re[2] = rest_re - across_re, im[2] = rest_im - across_im;
    }
    [[gnu::always_inline]] static void butterfly(V (&re)[4], V (&im)[4]) {
        const V a = re[0] + re[2], b = re[0] - re[2], c = re[1] + re[3], d = re[1] - re[3];
        const V e = im[0] + im[2], f = im[0] - im[2], g = im[1] + im[3], h = im[1] - im[3];
        re[0] = a + c, re[2] = a - c, re[1] = b + h, re[3] = b - h;
        im[0] = e + g, im[2] = e - g, im[1] = f - d, im[3] = f + d;
    }
    [[gnu::always_inline]] static void butterfly(V (&re)[5], V (&im)[5]) {
        constexpr Real c1 = Real(0.30901699437494742410L), c2 = Real(-0.80901699437494742410L);
        constexpr Real s1 = Real(0.95105651629515357212L), s2 = Real(0.58778525229247312917L);
        const V a = re[1] + re[4], b = re[2] + re[3], c = im[1] + im[4], d = im[2] + im[3];
        const V e = re[1] - re[4], f = re[2] - re[3], g = im[1] - im[4], h = im[2] - im[3];
        const V p = re[0] + c1 * a + c2 * b, q = re[0] + c2 * a + c1 * b, r = im[0] + c1 * c + c2 * d, s = im[0] + c2 * c + c1 * d;
        const V t = s1 * g + s2 * h, u = s2 * g - s1 * h, v = s1 * e + s2 * f, w = s2 * e - s1 * f;
        re[0] += a + b, im[0] += c + d;
        re[1] = p + t, re[4] = p - t, re[2] = q + u, re[3] = q - u;
        im[1] = r - v, im[4] = r + v, im[2] = s - w, im[3] = s + w;
    }

    int n_;
    std::vector<int> radices_;
    std::vector<Real> twiddles_; // per pass and place within it: cos and sin
};

// Eight rows of eight become columns.
template <class V> [[gnu::always_inline]] inline void transpose(V (&r)[8]) {
    V a[8], b[8];
    for (int k = 0; k < 4; ++k) {
        a[2 * k] = __builtin_shufflevector(r[2 * k], r[2 * k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        a[2 * k + 1] = __builtin_shufflevector(r[2 * k], r[2 * k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int k : {0, 1, 4, 5}) {
        b[k] = __builtin_shufflevector(a[k], a[k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        b[k + 2] = __builtin_shufflevector(a[k], a[k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int k = 0; k < 4; ++k) {
        r[k] = __builtin_shufflevector(b[k], b[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        r[k + 4] = __builtin_shufflevector(b[k], b[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

} // namespace glasswright

// What XLA calls for a step of the compiled core: buffers in, buffers out. Compiled on the machine it runs on against the headers that
// come with jaxlib (native_kernel.py); knows the core by the address of one function.
#include "xla/ffi/api/ffi.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace ffi = xla::ffi;

// `kernel.cpp` of the core: kernel, system, atoms, everything; positions, cell; energy, forces, virial; message and its room.
using Evaluate = int (*)(std::int64_t, std::int64_t, std::int64_t, std::int64_t, const double *, const double *, double *, double *, double *, char *, std::int64_t);

static std::atomic<Evaluate> evaluate{nullptr};

extern "C" void glasswright_connect(void *function) { evaluate = reinterpret_cast<Evaluate>(function); }

namespace {

bool shape_is(const ffi::AnyBuffer &buffer, ffi::AnyBuffer::Dimensions batch, std::vector<std::int64_t> last) {
    std::vector<std::int64_t> all(batch.begin(), batch.end());
    all.insert(all.end(), last.begin(), last.end());
    const auto found = buffer.dimensions();
    return std::vector<std::int64_t>(found.begin(), found.end()) == all;
}

// Single precision outside, double inside: copies to and fro.
template <class Real> class Doubles {
public:
    explicit Doubles(std::size_t n) : numbers_(n) {}
    const double *read(const Real *from) {
        std::copy_n(from, numbers_.size(), numbers_.begin());
        return numbers_.data();
    }
    double *room(Real *) { return numbers_.data(); }
    void write(Real *to) const {
        for (std::size_t k = 0; k < numbers_.size(); ++k) to[k] = static_cast<Real>(numbers_[k]);
    }

private:
    std::vector<double> numbers_;
};
template <> class Doubles<double> {
public:
    explicit Doubles(std::size_t) {}
    const double *read(const double *from) { return from; }
    double *room(double *to) { return to; }
    void write(double *) const {}
};

template <class Real>
ffi::Error run(std::int64_t kernel, std::int64_t everything, std::int64_t systems, std::int64_t n, const Real *positions, const Real *cell, Real *energy, Real *forces, Real *virial) {
    const std::size_t numbers = 3 * static_cast<std::size_t>(n);
    Doubles<Real> places(numbers), box(9), sum(1), push(numbers), tensor(9);
    char message[500];
    for (std::int64_t s = 0; s < systems; ++s, positions += numbers, forces += numbers, cell += 9, virial += 9, ++energy) {
        if (evaluate.load()(kernel, s, n, everything, places.read(positions), box.read(cell), sum.room(energy), push.room(forces), tensor.room(virial), message, sizeof message))
            return ffi::Error(ffi::ErrorCode::kInvalidArgument, message);
        sum.write(energy), push.write(forces), tensor.write(virial);
    }
    return ffi::Error::Success();
}

ffi::Error handle(std::int64_t kernel, std::int64_t everything, ffi::AnyBuffer positions, ffi::AnyBuffer cell, ffi::Result<ffi::AnyBuffer> energy,
                  ffi::Result<ffi::AnyBuffer> forces, ffi::Result<ffi::AnyBuffer> virial) {
    if (!evaluate.load()) return ffi::Error(ffi::ErrorCode::kFailedPrecondition, "The compiled core of glasswright is not connected.");
    const auto shape = positions.dimensions();
    const auto wrong = [](const char *what) { return ffi::Error(ffi::ErrorCode::kInvalidArgument, what); };
    if (shape.size() < 2 || shape.back() != 3) return wrong("Positions must be (n_atoms, 3).");
    const auto batch = shape.first(shape.size() - 2);
    const std::int64_t n = shape[shape.size() - 2];
    if (!shape_is(cell, batch, {3, 3}) || !shape_is(*energy, batch, {}) || !shape_is(*forces, batch, {n, 3}) || !shape_is(*virial, batch, {3, 3}))
        return wrong("Cell and virial must be (3, 3), forces of the shape of the positions.");
    std::int64_t systems = 1;
    for (const std::int64_t many : batch) systems *= many;
    const auto of = [&](auto real) {
        using Real = decltype(real);
        return run<Real>(kernel, everything, systems, n, positions.typed_data<Real>(), cell.typed_data<Real>(), energy->typed_data<Real>(), forces->typed_data<Real>(),
                         virial->typed_data<Real>());
    };
    const ffi::DataType type = positions.element_type();
    for (const ffi::DataType other : {cell.element_type(), energy->element_type(), forces->element_type(), virial->element_type()})
        if (other != type) return wrong("Positions, cell and results must be of one precision.");
    if (type == ffi::DataType::F64) return of(double{});
    if (type == ffi::DataType::F32) return of(float{});
    return wrong("Positions must be in single or double precision.");
}

} // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(glasswright_forces, handle,
                              ffi::Ffi::Bind()
                                  .Attr<std::int64_t>("kernel")
                                  .Attr<std::int64_t>("everything")
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

/// NVIDIA's management library, loaded when a reader wants it and never by the exporter itself: it costs 15 MB, descriptors and a
/// signal handler, and can hang or crash. The types are declared here by its published binary interface, so that building needs no
/// header of NVIDIA's.
///
/// Each function of the library has a namesake here (`cnvmlInit_v2` for `nvmlInit_v2`) with the same arguments. A function that
/// an older library lacks gives CNVML_FUNCTION_NOT_FOUND, as the library itself does for what its driver lacks.
#ifndef CNVML_H
#define CNVML_H

#include <stdbool.h>
#include <stddef.h>

/// A GPU, as the library knows it until its end. It is worth nothing in a process that was forked since.
typedef struct cnvml_device *cnvml_device;

/// nvmlPciInfo_t of nvmlDeviceGetPciInfo_v3.
struct cnvml_pci_info {
    char legacy_bus_identifier[16];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int device_identifier;
    unsigned int subsystem_identifier;
    /// `00000000:00:06.0`
    char bus_identifier[32];
};

/// nvmlSample_t: what was measured in the time before a stamp of CLOCK_REALTIME.
struct cnvml_sample {
    unsigned long long microseconds;
    union {
        double floating;
        unsigned int unsigned_int;
        unsigned long unsigned_long;
        unsigned long long unsigned_long_long;
    } value;
};

enum {
    CNVML_FUNCTION_NOT_FOUND = 13,
    /// nvmlSamplingType_t: power in milliwatts.
    CNVML_TOTAL_POWER_SAMPLES = 0,
    /// nvmlValueType_t: which member of a sample's value is meant.
    CNVML_VALUE_UNSIGNED_INT = 1,
};

/// name, parameters, arguments
#define CNVML_FUNCTIONS(F)                                                                                             \
    F(Init_v2, (void), ())                                                                                             \
    F(SystemGetDriverVersion, (char *_Nonnull text, unsigned int length), (text, length))                              \
    F(DeviceGetCount_v2, (unsigned int *_Nonnull count), (count))                                                      \
    F(DeviceGetHandleByIndex_v2, (unsigned int index, cnvml_device _Nullable *_Nonnull device), (index, device))       \
    F(DeviceGetUUID, (cnvml_device _Nonnull device, char *_Nonnull text, unsigned int length), (device, text, length)) \
    F(DeviceGetName, (cnvml_device _Nonnull device, char *_Nonnull text, unsigned int length), (device, text, length)) \
    F(DeviceGetPciInfo_v3, (cnvml_device _Nonnull device, struct cnvml_pci_info *_Nonnull information),                \
      (device, information))                                                                                           \
    F(DeviceGetPowerManagementLimitConstraints,                                                                        \
      (cnvml_device _Nonnull device, unsigned int *_Nonnull lowest, unsigned int *_Nonnull highest),                   \
      (device, lowest, highest))                                                                                       \
    F(DeviceGetMigMode,                                                                                                \
      (cnvml_device _Nonnull device, unsigned int *_Nonnull current, unsigned int *_Nonnull pending),                  \
      (device, current, pending))                                                                                      \
    F(DeviceGetPersistenceMode, (cnvml_device _Nonnull device, unsigned int *_Nonnull mode), (device, mode))           \
    F(DeviceGetTotalEnergyConsumption, (cnvml_device _Nonnull device, unsigned long long *_Nonnull millijoules),       \
      (device, millijoules))                                                                                           \
    F(DeviceGetPowerUsage, (cnvml_device _Nonnull device, unsigned int *_Nonnull milliwatts), (device, milliwatts))    \
    F(DeviceGetSamples,                                                                                                \
      (cnvml_device _Nonnull device, unsigned int kind, unsigned long long seen, unsigned int *_Nonnull value_type,    \
       unsigned int *_Nonnull count, struct cnvml_sample *_Nonnull samples),                                           \
      (device, kind, seen, value_type, count, samples))                                                                \
    F(DeviceGetComputeRunningProcesses_v3,                                                                             \
      (cnvml_device _Nonnull device, unsigned int *_Nonnull count, void *_Nullable processes),                         \
      (device, count, processes))

#define CNVML_DECLARE(name, parameters, arguments) int cnvml##name parameters;
CNVML_FUNCTIONS(CNVML_DECLARE)
#undef CNVML_DECLARE

/// Loads the library of this name or path, for good: false with a text in `error` if it cannot be loaded, or is another one. See
/// dlopen(3).
bool cnvml_load(const char *_Nonnull path, char *_Nonnull error, size_t length);

#endif

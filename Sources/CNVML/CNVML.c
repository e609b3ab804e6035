#include "CNVML.h"

#include <dlfcn.h>
#include <stdio.h>

/// The one table of the process; nothing is changed in it once it is loaded.
static struct {
#define MEMBER(name, parameters, arguments) int(*name) parameters;
    CNVML_FUNCTIONS(MEMBER)
} loaded;

bool cnvml_load(const char *path, char *error, size_t length) {
    // Never closed: the library leaves a thread behind where it has found CUDA's.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *cause = dlerror();
        snprintf(error, length, "%s", cause != NULL ? cause : path);
        return false;
    }
#define FIND(name, parameters, arguments) *(void **)&loaded.name = dlsym(library, "nvml" #name);
    CNVML_FUNCTIONS(FIND)
    if (loaded.Init_v2 != NULL && loaded.DeviceGetCount_v2 != NULL && loaded.DeviceGetHandleByIndex_v2 != NULL) return true;
    snprintf(error, length, "%s is no management library of NVIDIA's, or one older than of 2013", path);
    return false;
}

#define CALL(name, parameters, arguments)                                                                              \
    int cnvml##name parameters { return loaded.name != NULL ? loaded.name arguments : CNVML_FUNCTION_NOT_FOUND; }
CNVML_FUNCTIONS(CALL)

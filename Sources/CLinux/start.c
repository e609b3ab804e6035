#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int argument_count;
static char **argument_words;

/// The C library hands them to every constructor.
__attribute__((constructor)) static void keep_arguments(int count, char **words) {
    argument_count = count;
    argument_words = words;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) {
    return index >= 0 && index < argument_count ? argument_words[index] : NULL;
}

/// Which of the standard descriptors were closed at the start, a bit for each.
static int closed_at_start;

int clinux_fill_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        closed_at_start |= 1 << descriptor;
        // The lowest number that is free is this one. Without /dev there is something else that takes no text and gives none.
        if (open("/dev/null", O_RDWR | O_NOCTTY) < 0 && epoll_create1(0) < 0) return -1;
    }
    return 0;
}

int clinux_was_closed_at_start(int descriptor) {
    return descriptor >= 0 && descriptor <= 2 && closed_at_start & 1 << descriptor;
}

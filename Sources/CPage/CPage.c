#include "CPage.h"

#include "policy.h"

const unsigned char cpage_before[] = {
#embed "before.html"
};
const size_t cpage_before_length = sizeof cpage_before;

const unsigned char cpage_after[] = {
#embed "after.html"
};
const size_t cpage_after_length = sizeof cpage_after;

const char cpage_policy[] = CPAGE_POLICY;

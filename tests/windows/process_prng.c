/* Wine 8 has no bcryptprimitives.dll, from which Rust's standard library takes its random numbers on Windows. Every
   Windows since 7 has it; this stands in for it beside the program under test and is part of nothing that is released. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return RtlGenRandom(data, (ULONG)length);
}

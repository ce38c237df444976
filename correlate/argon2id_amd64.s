#include "textflag.h"

// Two rounds at a time: the words v0…v3 of one in A0, v4…v7 in B0, v8…v11 in C0, v12…v15 in D0, those of the other in A1…D1.
#define A0 Y0
#define A1 Y1
#define B0 Y2
#define B1 Y3
#define C0 Y4
#define C1 Y5
#define D0 Y6
#define D1 Y7
#define T0 Y8
#define T1 Y9
#define ROTATE24 Y14
#define ROTATE16 Y15

DATA rotate24<>+0(SB)/8, $0x0201000706050403
DATA rotate24<>+8(SB)/8, $0x0A09080F0E0D0C0B
DATA rotate24<>+16(SB)/8, $0x0201000706050403
DATA rotate24<>+24(SB)/8, $0x0A09080F0E0D0C0B
GLOBL rotate24<>(SB), RODATA|NOPTR, $32

DATA rotate16<>+0(SB)/8, $0x0100070605040302
DATA rotate16<>+8(SB)/8, $0x09080F0E0D0C0B0A
DATA rotate16<>+16(SB)/8, $0x0100070605040302
DATA rotate16<>+24(SB)/8, $0x09080F0E0D0C0B0A
GLOBL rotate16<>(SB), RODATA|NOPTR, $32

// x += y + 2·low(x)·low(y) in both rounds.
#define ADD(x0, x1, y0, y1) \
	VPMULUDQ y0, x0, T0; \
	VPMULUDQ y1, x1, T1; \
	VPADDQ   y0, x0, x0; \
	VPADDQ   y1, x1, x1; \
	VPADDQ   T0, T0, T0; \
	VPADDQ   T1, T1, T1; \
	VPADDQ   T0, x0, x0; \
	VPADDQ   T1, x1, x1

#define XOR(x0, x1, y0, y1) \
	VPXOR y0, x0, x0; \
	VPXOR y1, x1, x1

// mix, four times over in both rounds.
#define MIX \
	ADD(A0, A1, B0, B1); \
	XOR(D0, D1, A0, A1); \
	VPSHUFD $0xB1, D0, D0; \
	VPSHUFD $0xB1, D1, D1; \
	ADD(C0, C1, D0, D1); \
	XOR(B0, B1, C0, C1); \
	VPSHUFB ROTATE24, B0, B0; \
	VPSHUFB ROTATE24, B1, B1; \
	ADD(A0, A1, B0, B1); \
	XOR(D0, D1, A0, A1); \
	VPSHUFB ROTATE16, D0, D0; \
	VPSHUFB ROTATE16, D1, D1; \
	ADD(C0, C1, D0, D1); \
	XOR(B0, B1, C0, C1); \
	VPADDQ B0, B0, T0; \
	VPADDQ B1, B1, T1; \
	VPSRLQ $63, B0, B0; \
	VPSRLQ $63, B1, B1; \
	XOR(B0, B1, T0, T1)

#define TURN(b, c, d) \
	VPERMQ b, B0, B0; \
	VPERMQ b, B1, B1; \
	VPERMQ c, C0, C0; \
	VPERMQ c, C1, C1; \
	VPERMQ d, D0, D0; \
	VPERMQ d, D1, D1

// The columns, then the diagonals, in the manner of BLAKE2b.
#define PERMUTE \
	MIX; \
	TURN($0x39, $0x4E, $0x93); \
	MIX; \
	TURN($0x93, $0x4E, $0x39)

// 32 bytes of x^y.
#define LOAD(offset, to) \
	VMOVDQU offset(SI)(AX*1), to; \
	VPXOR   offset(DX)(AX*1), to, to

// The words of two columns stand beside one another in a row.
#define LOAD2(offset, to0, to1) \
	VMOVDQU    offset(CX)(AX*1), T0; \
	VMOVDQU    (offset+128)(CX)(AX*1), T1; \
	VPERM2I128 $0x20, T1, T0, to0; \
	VPERM2I128 $0x31, T1, T0, to1

// 64 bytes of the columns, and x^y.
#define STORE2(offset, from0, from1) \
	VPERM2I128 $0x20, from1, from0, T0; \
	VPERM2I128 $0x31, from1, from0, T1; \
	VPXOR      offset(SI)(AX*1), T0, T0; \
	VPXOR      (offset+128)(SI)(AX*1), T1, T1; \
	VPXOR      offset(DX)(AX*1), T0, T0; \
	VPXOR      (offset+128)(DX)(AX*1), T1, T1; \
	VMOVDQU    T0, offset(DI)(AX*1); \
	VMOVDQU    T1, (offset+128)(DI)(AX*1)

// func compressAVX2(to, x, y, scratch *block)
TEXT ·compressAVX2(SB), NOSPLIT, $0-32
	MOVQ    to+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    y+16(FP), DX
	MOVQ    scratch+24(FP), CX
	VMOVDQU rotate24<>(SB), ROTATE24
	VMOVDQU rotate16<>(SB), ROTATE16
	XORQ    AX, AX

rows:
	LOAD(0, A0)
	LOAD(32, B0)
	LOAD(64, C0)
	LOAD(96, D0)
	LOAD(128, A1)
	LOAD(160, B1)
	LOAD(192, C1)
	LOAD(224, D1)
	PERMUTE
	VMOVDQU A0, (CX)(AX*1)
	VMOVDQU B0, 32(CX)(AX*1)
	VMOVDQU C0, 64(CX)(AX*1)
	VMOVDQU D0, 96(CX)(AX*1)
	VMOVDQU A1, 128(CX)(AX*1)
	VMOVDQU B1, 160(CX)(AX*1)
	VMOVDQU C1, 192(CX)(AX*1)
	VMOVDQU D1, 224(CX)(AX*1)
	ADDQ    $256, AX
	CMPQ    AX, $1024
	JNE     rows
	XORQ    AX, AX

columns:
	LOAD2(0, A0, A1)
	LOAD2(256, B0, B1)
	LOAD2(512, C0, C1)
	LOAD2(768, D0, D1)
	PERMUTE
	STORE2(0, A0, A1)
	STORE2(256, B0, B1)
	STORE2(512, C0, C1)
	STORE2(768, D0, D1)
	ADDQ $32, AX
	CMPQ AX, $128
	JNE  columns
	VZEROUPPER
	RET

package detect

// Made by TestBigrams -update of Go's standard library. See rarity.
const bigrams = "" +
	"ZURRYVU`U_VPSP_T]QRQWXZXX_U\\T[VV" +
	"U[Y\\T]\\aUX`U^`V^_ZX^Ua__TbVcX^WV" +
	"QZWXR[XSWdRTX\\QX\\VWSW\\]^[bUYR\\SV" +
	"VZYTQZ][T_^WZYUZ\\UU[X[]ZX_T\\QYSU" +
	"RWQQUUWZX_ZSTPYUVNOQZWUSV`VYNXPS" +
	"T\\ZYUS_`SbcWY\\S[bVXYRb`bZcV_Q^TV" +
	"Y_V^S\\[WWb_Z\\WSY`XVYZ^_a`^Z]S[SW" +
	"R`]_P_aaUb^^Z`U^bXZUY``b^a[\\T]VZ" +
	"VYSTUQS`^_]RSNSU`WRQaVaXbU\\_W]YW" +
	"]`abYbcc`cabab]acd^c\\bcccc^s\\c]]" +
	"W]\\]R^Z^Wbb^]Z][`ZX]Z`^b`c\\^U_UY" +
	"T[[UPY[]Rc]R]ZR\\_[UVV[\\bVaZ^RZTV" +
	"RY[WQ^_]Va`[X_UTb]WXVa_`]a[^V\\VY" +
	"S\\QRQWQ]RaWX[VSZ^\\ROWW\\aY_Z]PYSV" +
	"WWSTYTX]VaVUTPUTcPTSSWV\\a`\\ZSYUZ" +
	"R]XZR]^XXdZU\\^SV_SVTV[__YbV\\U[SW" +
	"`_`__a```cba]bcb_``bUcab`c]e[aW[" +
	"RZVWOVW\\QcWXWSQZ^QSSTVZ`VbX[P\\RU" +
	"T\\TYP[ZTRbWXXZUT]YTOU^X`V_XZOZQU" +
	"RZVYOXZPQb[VX[RT_QSTS\\YXSaSYOYPT" +
	"YWWZTWYaScaUWP^VaRSSabb\\a`\\b\\aZ_" +
	"S_]]R_``Ycb_^b[Z\\_^^``aab_X]Y^WZ" +
	"U^[^V^\\WUab^\\ZW]`VZ]``\\bac\\cX`W[" +
	"VWWWVVa`Zbb^^`]Va_^Ua`a_]cO^V]VW" +
	"^^[^\\``_[bbZ\\Y]SaZVU]a^bbaY_S]VX" +
	"]cabUdbc^cdba`^bcbbcacbaaa\\n^d]^" +
	"VVVVVV]]\\^]Z[]][^]\\\\ZY]O^^LYQXPO" +
	"Z_Y\\[[[_[g^_\\]^[gZXZ^[\\acgZ^Zf]X" +
	"PQPSQPSSOZWSRQRQZPPNRSRTYZNUINOM" +
	"XYX[ZZWZYa`[[[\\X`YWV[^]^b`V_MOYY" +
	"UUSVTTVVU^ZUUTVS]TSSVYWV\\]T\\MQOP" +
	"ZVYY[[]\\W^^[[W[YZYUWZX^S``T\\KSSP"

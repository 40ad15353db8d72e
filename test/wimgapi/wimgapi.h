/* The part of wimgapi.h that the bridge implements and the smoke test uses. Source: wimgapi.h of the Windows ADK. */
#ifndef PRESTAGE_WIMGAPI_H
#define PRESTAGE_WIMGAPI_H

#include <windows.h>

#define WIM_FLAG_VERIFY 0x00000002u
#define WIM_FLAG_NO_APPLY 0x00000008u
#define WIM_FLAG_FILEINFO 0x00000080u
#define WIM_FLAG_CHUNKED 0x20000000u /* solid (.esd) files are refused without it */

#define WIM_ATTRIBUTE_VERIFY_DATA 0x00000004u
#define WIM_ATTRIBUTE_RP_FIX 0x00000008u
#define WIM_ATTRIBUTE_SPANNED 0x00000010u
#define WIM_ATTRIBUTE_READONLY 0x00000020u

#define WIM_CREATED_NEW 0u
#define WIM_OPENED_EXISTING 1u

#define WIM_MSG_PROGRESS 0x9478u
#define WIM_MSG_PROCESS 0x9479u
#define WIM_MSG_SETRANGE 0x947Bu
#define WIM_MSG_SETPOS 0x947Cu
#define WIM_MSG_ERROR 0x947Fu
#define WIM_MSG_FILEINFO 0x9483u
#define WIM_MSG_ABORT_IMAGE 0xFFFFFFFFu

#define INVALID_CALLBACK_VALUE 0xFFFFFFFFu

typedef DWORD(CALLBACK *message_callback)(DWORD message, WPARAM wparam, LPARAM lparam, PVOID context);

typedef struct {
    WCHAR WimPath[MAX_PATH];
    GUID Guid;
    DWORD ImageCount;
    DWORD CompressionType;
    USHORT PartNumber;
    USHORT TotalParts;
    DWORD BootIndex;
    DWORD WimAttributes;
    DWORD WimFlagsAndAttr;
} WIM_INFO;

#endif

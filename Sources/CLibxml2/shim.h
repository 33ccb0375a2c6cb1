// Debian builds libxml2 with ICU, and its headers then bring in those of ICU, which contradict the copy inside Foundation.
// Undefined here, this hides two pointers at the end of xmlCharEncodingHandler, which is never made or looked into.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/xmlreader.h>
#include <libxml/xmlerror.h>
#include <libxml/HTMLparser.h>
#include <libxml/globals.h>
#include <libxml/uri.h>

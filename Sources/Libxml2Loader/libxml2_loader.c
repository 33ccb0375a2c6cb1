// libxml2 brings ICU along, 30 MB of it, which every command would wait for. So it is not linked, but loaded when a
// feed or the text of an article is first read; each function below hands its arguments on. Where a build links it all
// the same, because pkg-config says so, the one that is linked is found.
#include "libxml2_loader.h"

// As Sources/CLibxml2/shim.h has them.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/HTMLparser.h>
#include <libxml/globals.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlstring.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// Every function of libxml2 that is used: what it returns, its name, its parameters, and their names.
#define LIBXML2_FUNCTIONS(F) \
    F(void **, __xmlStructuredErrorContext, (void), ()) \
    F(xmlStructuredErrorFunc *, __xmlStructuredError, (void), ()) \
    F(xmlTextReaderPtr, xmlReaderForIO, \
      (xmlInputReadCallback read, xmlInputCloseCallback close, void *context, const char *url, const char *encoding, \
       int options), \
      (read, close, context, url, encoding, options)) \
    F(int, xmlTextReaderRead, (xmlTextReaderPtr reader), (reader)) \
    F(int, xmlTextReaderNext, (xmlTextReaderPtr reader), (reader)) \
    F(xmlNodePtr, xmlTextReaderExpand, (xmlTextReaderPtr reader), (reader)) \
    F(xmlNodePtr, xmlTextReaderCurrentNode, (xmlTextReaderPtr reader), (reader)) \
    F(int, xmlTextReaderNodeType, (xmlTextReaderPtr reader), (reader)) \
    F(int, xmlTextReaderDepth, (xmlTextReaderPtr reader), (reader)) \
    F(int, xmlTextReaderIsEmptyElement, (xmlTextReaderPtr reader), (reader)) \
    F(int, xmlTextReaderAttributeCount, (xmlTextReaderPtr reader), (reader)) \
    F(int, xmlTextReaderGetParserLineNumber, (xmlTextReaderPtr reader), (reader)) \
    F(xmlChar *, xmlTextReaderGetAttribute, (xmlTextReaderPtr reader, const xmlChar *name), (reader, name)) \
    F(const xmlChar *, xmlTextReaderConstLocalName, (xmlTextReaderPtr reader), (reader)) \
    F(const xmlChar *, xmlTextReaderConstNamespaceUri, (xmlTextReaderPtr reader), (reader)) \
    F(const xmlChar *, xmlTextReaderConstValue, (xmlTextReaderPtr reader), (reader)) \
    F(htmlParserCtxtPtr, htmlNewParserCtxt, (void), ()) \
    F(htmlDocPtr, htmlCtxtReadMemory, \
      (htmlParserCtxtPtr context, const char *bytes, int count, const char *url, const char *encoding, int options), \
      (context, bytes, count, url, encoding, options)) \
    F(const htmlEntityDesc *, htmlEntityLookup, (const xmlChar *name), (name)) \
    F(xmlChar *, xmlNodeGetBase, (const xmlDoc *document, const xmlNode *node), (document, node)) \
    F(xmlChar *, xmlNodeGetLang, (const xmlNode *node), (node)) \
    F(xmlChar *, xmlGetNoNsProp, (const xmlNode *node, const xmlChar *name), (node, name)) \
    F(xmlChar *, xmlGetNsProp, (const xmlNode *node, const xmlChar *name, const xmlChar *space), (node, name, space)) \
    F(long, xmlGetLineNo, (const xmlNode *node), (node)) \
    F(int, xmlStrlen, (const xmlChar *text), (text)) \
    F(xmlURIPtr, xmlParseURI, (const char *text), (text)) \
    F(xmlChar *, xmlBuildURI, (const xmlChar *reference, const xmlChar *base), (reference, base))

#define LIBXML2_PROCEDURES(F) \
    F(xmlInitParser, (void), ()) \
    F(xmlSetStructuredErrorFunc, (void *context, xmlStructuredErrorFunc handler), (context, handler)) \
    F(xmlTextReaderSetStructuredErrorHandler, \
      (xmlTextReaderPtr reader, xmlStructuredErrorFunc handler, void *context), (reader, handler, context)) \
    F(xmlFreeTextReader, (xmlTextReaderPtr reader), (reader)) \
    F(htmlFreeParserCtxt, (htmlParserCtxtPtr context), (context)) \
    F(xmlFreeDoc, (xmlDocPtr document), (document)) \
    F(xmlFreeURI, (xmlURIPtr uri), (uri))

#define FUNCTION(type, name, parameters, arguments) \
    static type(*loaded_##name) parameters; \
    type name parameters { return fortnight_load_libxml2() == NULL ? loaded_##name arguments : 0; }
#define PROCEDURE(name, parameters, arguments) \
    static void(*loaded_##name) parameters; \
    void name parameters { \
        if (fortnight_load_libxml2() == NULL) loaded_##name arguments; \
    }
LIBXML2_FUNCTIONS(FUNCTION)
LIBXML2_PROCEDURES(PROCEDURE)

static atomic_bool is_loaded;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
// A variable of the library's, which it sets before anything could use it, and never again here.
static xmlFreeFunc *loaded_xmlFree;

// Returns NULL when all of it is there, else why it is not.
static const char *load(void) {
    // The one whose headers this was compiled with: what is in a node or an error is not asked for by functions.
#if defined(__APPLE__)
    const char *name = "libxml2.2.dylib";
#elif LIBXML_VERSION >= 21400
    const char *name = "libxml2.so.16";
#else
    const char *name = "libxml2.so.2";
#endif
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        return reason != NULL ? reason : "it cannot be loaded";
    }
    bool is_whole = true;
#define LOAD(name) is_whole &= (*(void **)&loaded_##name = dlsym(library, #name)) != NULL;
#define LOAD_FUNCTION(type, name, parameters, arguments) LOAD(name)
#define LOAD_PROCEDURE(name, parameters, arguments) LOAD(name)
    LIBXML2_FUNCTIONS(LOAD_FUNCTION)
    LIBXML2_PROCEDURES(LOAD_PROCEDURE)
    LOAD(xmlFree)
    if (!is_whole) return "it is not one that this program knows";
    // Before threads could race to do it.
    loaded_xmlInitParser();
    return NULL;
}

const char *fortnight_load_libxml2(void) {
    if (atomic_load_explicit(&is_loaded, memory_order_acquire)) return NULL;
    // The words of the system are gone with the next try, by whatever thread.
    static _Thread_local char problem[256];
    pthread_mutex_lock(&loading);
    // Another thread may have done it while this one waited.
    const char *reason = atomic_load_explicit(&is_loaded, memory_order_relaxed) ? NULL : load();
    if (reason != NULL) strncpy(problem, reason, sizeof problem - 1);
    if (reason == NULL) atomic_store_explicit(&is_loaded, true, memory_order_release);
    pthread_mutex_unlock(&loading);
    return reason == NULL ? NULL : problem;
}

void fortnight_xml_free(void *memory) {
    if (fortnight_load_libxml2() == NULL) (*loaded_xmlFree)(memory);
}

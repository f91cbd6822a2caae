/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxml2, loaded when its first function is called.  It draws in ICU and the C++ library,
 * whose loading costs more than all else that most commands do, and only libvirt's XML needs
 * it.  Each function that lib/config/xml_*.c call stands here and calls the library's own.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>

#include "xl.h"

/* Hidden, so that the library itself goes on using its own. */
#pragma GCC visibility push(hidden)
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlstring.h>
#include <libxml/xmlwriter.h>

#define LIBRARY "libxml2.so.2"

static void *symbol(const char *name)
{
    static void *library;
    void *p;

    if ( !library )
        library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    p = library ? dlsym(library, name) : NULL;
    if ( !p ) {
        xl_error("%s is needed for libvirt's XML: %s; install libxml2", LIBRARY, dlerror());
        exit(XL_FAILED);
    }
    return p;
}

/* The library's function f, by f's own type. */
#define REAL(f) ((__typeof__(&f))symbol(#f))

/* A variable of the library's that holds a function. */
static void real_free(void *p)
{
    (*(xmlFreeFunc *)symbol("xmlFree"))(p);
}

xmlFreeFunc xmlFree = real_free;

/* Reading. */

xmlParserCtxtPtr xmlNewParserCtxt(void)
{
    return REAL(xmlNewParserCtxt)();
}

void xmlFreeParserCtxt(xmlParserCtxtPtr c)
{
    REAL(xmlFreeParserCtxt)(c);
}

xmlDocPtr xmlCtxtReadMemory(xmlParserCtxtPtr c, const char *text, int size, const char *url,
                            const char *encoding, int options)
{
    return REAL(xmlCtxtReadMemory)(c, text, size, url, encoding, options);
}

xmlErrorPtr xmlCtxtGetLastError(void *c)
{
    return REAL(xmlCtxtGetLastError)(c);
}

void xmlFreeDoc(xmlDocPtr d)
{
    REAL(xmlFreeDoc)(d);
}

xmlNodePtr xmlDocGetRootElement(const xmlDoc *d)
{
    return REAL(xmlDocGetRootElement)(d);
}

long xmlGetLineNo(const xmlNode *n)
{
    return REAL(xmlGetLineNo)(n);
}

xmlChar *xmlGetNoNsProp(const xmlNode *n, const xmlChar *name)
{
    return REAL(xmlGetNoNsProp)(n, name);
}

xmlAttrPtr xmlHasProp(const xmlNode *n, const xmlChar *name)
{
    return REAL(xmlHasProp)(n, name);
}

xmlChar *xmlNodeGetContent(const xmlNode *n)
{
    return REAL(xmlNodeGetContent)(n);
}

int xmlCheckUTF8(const unsigned char *text)
{
    return REAL(xmlCheckUTF8)(text);
}

/* Writing. */

xmlBufferPtr xmlBufferCreate(void)
{
    return REAL(xmlBufferCreate)();
}

const xmlChar *xmlBufferContent(const xmlBuffer *b)
{
    return REAL(xmlBufferContent)(b);
}

void xmlBufferFree(xmlBufferPtr b)
{
    REAL(xmlBufferFree)(b);
}

xmlTextWriterPtr xmlNewTextWriterMemory(xmlBufferPtr b, int compression)
{
    return REAL(xmlNewTextWriterMemory)(b, compression);
}

void xmlFreeTextWriter(xmlTextWriterPtr w)
{
    REAL(xmlFreeTextWriter)(w);
}

int xmlTextWriterSetIndent(xmlTextWriterPtr w, int indent)
{
    return REAL(xmlTextWriterSetIndent)(w, indent);
}

int xmlTextWriterSetIndentString(xmlTextWriterPtr w, const xmlChar *text)
{
    return REAL(xmlTextWriterSetIndentString)(w, text);
}

int xmlTextWriterStartElement(xmlTextWriterPtr w, const xmlChar *name)
{
    return REAL(xmlTextWriterStartElement)(w, name);
}

int xmlTextWriterEndElement(xmlTextWriterPtr w)
{
    return REAL(xmlTextWriterEndElement)(w);
}

int xmlTextWriterEndDocument(xmlTextWriterPtr w)
{
    return REAL(xmlTextWriterEndDocument)(w);
}

int xmlTextWriterWriteAttribute(xmlTextWriterPtr w, const xmlChar *name, const xmlChar *content)
{
    return REAL(xmlTextWriterWriteAttribute)(w, name, content);
}

int xmlTextWriterWriteElement(xmlTextWriterPtr w, const xmlChar *name, const xmlChar *content)
{
    return REAL(xmlTextWriterWriteElement)(w, name, content);
}

int xmlTextWriterWriteString(xmlTextWriterPtr w, const xmlChar *content)
{
    return REAL(xmlTextWriterWriteString)(w, content);
}

int xmlTextWriterWriteFormatString(xmlTextWriterPtr w, const char *format, ...)
{
    va_list ap;
    int rc;

    va_start(ap, format);
    rc = REAL(xmlTextWriterWriteVFormatString)(w, format, ap);
    va_end(ap);
    return rc;
}
#pragma GCC visibility pop

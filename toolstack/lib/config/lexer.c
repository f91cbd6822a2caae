/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.cfg's tokens, with line and column (in characters, from 1) of each.
 *
 * Strings are in single or double quotes, or three of either (then over several lines), with
 * the escapes of Python.  Line ends are \n, \r\n or \r.  A byte order mark at the beginning
 * is skipped.
 */
#include "cfg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void cfg_lexer_init(struct cfg_lexer *l, struct xn_findings *f, const char *text, size_t length)
{
    memset(l, 0, sizeof(*l));
    l->p = text;
    l->end = text + length;
    l->now = (struct cfg_pos){ 1, 1 };
    l->f = f;
    if ( length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) )
        l->p += 3;
}

void cfg_lexer_free(struct cfg_lexer *l)
{
    cfg_replace(&l->text, NULL);
}

static int peek(const struct cfg_lexer *l, size_t ahead)
{
    return (size_t)(l->end - l->p) > ahead ? (unsigned char)l->p[ahead] : -1;
}

static bool at_line_end(const struct cfg_lexer *l)
{
    return l->p == l->end || *l->p == '\n' || *l->p == '\r';
}

/* Step over one character of a line: bytes inside a UTF-8 sequence do not count. */
static void step(struct cfg_lexer *l)
{
    l->p++;
    if ( l->p == l->end || ((unsigned char)*l->p & 0xc0) != 0x80 )
        l->now.column++;
}

static void step_line(struct cfg_lexer *l)
{
    if ( *l->p == '\r' && peek(l, 1) == '\n' )
        l->p++;
    l->p++;
    l->now.line++;
    l->now.column = 1;
}

static void skip_blanks(struct cfg_lexer *l)
{
    for ( ;; ) {
        if ( peek(l, 0) == ' ' || peek(l, 0) == '\t' || peek(l, 0) == '\f' ) {
            step(l);
        } else if ( peek(l, 0) == '\\' && (peek(l, 1) == '\n' || peek(l, 1) == '\r') ) {
            l->p++;
            step_line(l);
        } else if ( peek(l, 0) == '#' ) {
            while ( !at_line_end(l) )
                step(l);
        } else {
            return;
        }
    }
}

struct buffer {
    char *bytes;
    size_t length;
};

static void put(struct buffer *b, char c)
{
    b->bytes = cfg_grow(b->bytes, b->length, 1);
    b->bytes[b->length++] = c;
}

static int hex(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* \101 and \x41: the byte, -1 if there are no digits. */
static int numeric_escape(struct cfg_lexer *l, int base, int most)
{
    int value = -1;

    for ( int n = 0; n < most; n++ ) {
        int digit = peek(l, 0) < 0 ? -1 : hex(peek(l, 0));

        if ( digit < 0 || digit >= base )
            break;
        value = (value < 0 ? 0 : value) * base + digit;
        step(l);
    }
    return value;
}

/* Behind a backslash in a string. */
static bool escape(struct cfg_lexer *l, struct buffer *b, struct cfg_pos at)
{
    static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
    int c = peek(l, 0), value;
    const char *known = c > 0 ? strchr(from, c) : NULL;

    if ( known ) {
        put(b, to[known - from]);
        step(l);
        return true;
    }
    if ( c == '\n' || c == '\r' ) {
        step_line(l);
        return true;
    }
    if ( c == 'x' ) {
        step(l);
        value = numeric_escape(l, 16, 2);
    } else if ( c >= '0' && c <= '7' ) {
        value = numeric_escape(l, 8, 3);
    } else {
        cfg_find(l->f, XN_ERROR, at, "a backslash before this character has no meaning: write "
                 "\\\\ for a backslash");
        return false;
    }
    if ( value <= 0 || value > 255 ) {
        cfg_find(l->f, XN_ERROR, at, "this escape is not a character: expected \\xHH or \\OOO "
                 "from 1 to 255");
        return false;
    }
    put(b, value);
    return true;
}

static bool closes(const struct cfg_lexer *l, int quote, bool triple)
{
    return peek(l, 0) == quote &&
           (!triple || (peek(l, 1) == quote && peek(l, 2) == quote));
}

/* Up to the closing quote; false if the string is faulty (what is wrong was reported). */
static bool string_body(struct cfg_lexer *l, struct buffer *b, int quote, bool triple)
{
    bool good = true;

    while ( !closes(l, quote, triple) ) {
        if ( l->p == l->end || (!triple && at_line_end(l)) ) {
            cfg_find(l->f, XN_ERROR, l->at, "this string does not end: expected %s%c before the "
                     "end of the %s", triple ? "three " : "", quote, triple ? "file" : "line");
            return false;
        }
        if ( *l->p == '\0' ) {
            cfg_find(l->f, XN_ERROR, l->now, "NUL byte in a string");
            good = false;
            step(l);
        } else if ( *l->p == '\\' ) {
            struct cfg_pos at = l->now;

            l->plain = false;
            step(l);
            good &= escape(l, b, at);
        } else if ( at_line_end(l) ) {
            l->plain = false;
            put(b, '\n');
            step_line(l);
        } else {
            put(b, *l->p);
            step(l);
        }
    }
    for ( int n = triple ? 3 : 1; n > 0; n-- )
        step(l);
    return good;
}

static enum cfg_token lex_string(struct cfg_lexer *l)
{
    int quote = *l->p;
    bool triple = peek(l, 1) == quote && peek(l, 2) == quote, good;
    struct buffer b = { 0 };

    l->plain = !triple;
    for ( int n = triple ? 3 : 1; n > 0; n-- )
        step(l);
    good = string_body(l, &b, quote, triple);
    put(&b, '\0');
    l->text = b.bytes;
    return good ? CFG_T_STRING : CFG_T_BAD;
}

static bool is_word(int c)
{
    return c > 0 && (isalnum(c) || c == '_' || c == '.' || c == '-');
}

/* A key, or a number: both are runs of the same characters. */
static enum cfg_token lex_word(struct cfg_lexer *l)
{
    const char *start = l->p;
    bool number = isdigit((unsigned char)*start) || *start == '-';
    long value;

    do
        step(l);
    while ( is_word(peek(l, 0)) );
    l->text = cfg_strndup(start, l->p - start);
    if ( !number )
        return CFG_T_WORD;
    if ( cfg_parse_long(l->text, &value) ) {
        cfg_find(l->f, XN_ERROR, l->at, "'%s' is not a number: expected decimal digits, 0x and "
                 "hexadecimal or 0 and octal ones, in 64 bits", l->text);
        return CFG_T_BAD;
    }
    return CFG_T_NUMBER;
}

static enum cfg_token lex_sign(struct cfg_lexer *l)
{
    int c = *l->p;

    step(l);
    switch ( c ) {
    case ';': return CFG_T_SEMICOLON;
    case '=': return CFG_T_EQUALS;
    case '[': return CFG_T_OPEN;
    case ']': return CFG_T_CLOSE;
    case ',': return CFG_T_COMMA;
    case '+':
        if ( peek(l, 0) == '=' ) {
            step(l);
            return CFG_T_ADD;
        }
    }
    if ( c > ' ' && c < 0x7f )
        cfg_find(l->f, XN_ERROR, l->at, "'%c' has no meaning here", c);
    else
        cfg_find(l->f, XN_ERROR, l->at, "byte 0x%02x has no meaning here: text belongs in quotes",
                 c & 0xff);
    return CFG_T_BAD;
}

enum cfg_token cfg_next(struct cfg_lexer *l)
{
    cfg_replace(&l->text, NULL);
    skip_blanks(l);
    l->at = l->now;
    if ( l->p == l->end )
        l->token = CFG_T_END;
    else if ( at_line_end(l) ) {
        step_line(l);
        l->token = CFG_T_NEWLINE;
    } else if ( *l->p == '"' || *l->p == '\'' )
        l->token = lex_string(l);
    else if ( is_word((unsigned char)*l->p) )
        l->token = lex_word(l);
    else
        l->token = lex_sign(l);
    return l->token;
}

const char *cfg_token_name(const struct cfg_lexer *l, char *buffer, size_t size)
{
    static const char *const names[] = {
        [CFG_T_END] = "the end of the file", [CFG_T_NEWLINE] = "the end of the line",
        [CFG_T_SEMICOLON] = "';'", [CFG_T_EQUALS] = "'='", [CFG_T_ADD] = "'+='",
        [CFG_T_OPEN] = "'['", [CFG_T_CLOSE] = "']'", [CFG_T_COMMA] = "','",
        [CFG_T_BAD] = "something else",
    };

    switch ( l->token ) {
    case CFG_T_WORD:
    case CFG_T_NUMBER:
        snprintf(buffer, size, "%.40s", l->text);
        return buffer;
    case CFG_T_STRING:
        snprintf(buffer, size, "the string \"%.30s\"", l->text);
        return buffer;
    default:
        return names[l->token];
    }
}

/* Does the line that begins here look like KEY = or KEY +=? */
static bool looks_like_entry(const struct cfg_lexer *l)
{
    struct cfg_lexer look = *l;
    const char *start;

    skip_blanks(&look);
    start = look.p;
    while ( is_word(peek(&look, 0)) )
        step(&look);
    if ( look.p == start || isdigit((unsigned char)*start) )
        return false;
    skip_blanks(&look);
    return peek(&look, 0) == '=' || (peek(&look, 0) == '+' && peek(&look, 1) == '=');
}

void cfg_skip_line(struct cfg_lexer *l)
{
    if ( l->token != CFG_T_NEWLINE && l->token != CFG_T_END )
        while ( !at_line_end(l) )
            step(l);
    /* The rest of a broken list would only give errors that mean nothing. */
    while ( l->in_list && l->p < l->end ) {
        if ( at_line_end(l) )
            step_line(l);
        if ( looks_like_entry(l) )
            break;
        while ( !at_line_end(l) )
            step(l);
    }
    l->in_list = false;
    cfg_next(l);
}

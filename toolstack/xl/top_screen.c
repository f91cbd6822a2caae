/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl top at a terminal.  Everything is drawn anew from the last sample at each key and each
 * sample; curses sends only what changed.  Signals only set a flag, so the terminal is
 * restored on every way out.
 */
#include <curses.h>
#include <ctype.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

#define KEY_ESC 27

static volatile sig_atomic_t told_to_stop;

struct screen {
    struct top_options *o;
    struct top_sample sample;
    int first, left;            /* scrolled by lines and columns */
    int nr_lines, line;         /* of the table; the next one to draw */
    bool quit, help;
    char prompt[16];            /* a new delay, being typed */
    bool asking;
    const char *note;           /* shown until the next key */
};

static void stop(int sig)
{
    told_to_stop = 1;
}

static void human(char *to, size_t size, uint64_t pages)
{
    const double mib = (double)pages / 256;

    if ( mib >= 10240 )
        snprintf(to, size, "%.1f GiB", mib / 1024);
    else
        snprintf(to, size, "%.0f MiB", mib);
}

static void draw_summary(const struct screen *s)
{
    const struct xn_host *h = &s->sample.host;
    unsigned int running = 0, blocked = 0, paused = 0, shut = 0, dying = 0;
    char clock[16], total[24], used[24], free_[24];
    struct tm tm;

    for ( size_t i = 0; i < s->sample.count; i++ ) {
        const struct xn_domain *d = &s->sample.domains[i].info;

        running += d->running;
        blocked += d->blocked;
        paused += d->paused;
        shut += d->shutdown;
        dying += d->dying;
    }
    localtime_r(&s->sample.when, &tm);
    strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    human(total, sizeof(total), h->total_pages);
    human(used, sizeof(used), h->total_pages - h->free_pages);
    human(free_, sizeof(free_), h->free_pages);
    mvprintw(0, 0, "xl top - %s   every %g s   by %s", clock, s->o->delay,
             top_column_name(s->o->sort));
    mvprintw(1, 0, "%zu domains: %u running, %u blocked, %u paused, %u shut down, %u dying",
             s->sample.count, running, blocked, paused, shut, dying);
    mvprintw(2, 0, "Mem: %s, %s used, %s free    CPUs: %u @ %u MHz", total, used, free_,
             h->nr_cpus, h->cpu_khz / 1000);
}

/* Rows 4 .. LINES - 2 are the table's; the header stands in row 3. */
static void draw_line(void *data, const char *text, bool is_header)
{
    struct screen *s = data;
    const int length = (int)strlen(text);
    int row = 3;

    if ( !is_header || s->o->headers ) {
        row = 4 + s->line++ - s->first;
        if ( row < 4 || row > LINES - 2 )
            return;
    }
    if ( is_header )
        attron(A_REVERSE);
    mvhline(row, 0, ' ', COLS);
    if ( s->left < length )
        mvaddnstr(row, 0, text + s->left, COLS);
    if ( is_header ) {
        int start, width;

        attroff(A_REVERSE);
        if ( top_column_place(s->o->sort, &start, &width) && start >= s->left &&
            start < s->left + COLS )
            mvchgat(row, start - s->left, width, A_REVERSE | A_BOLD | A_UNDERLINE, 0, NULL);
    }
}

static void draw_help(void)
{
    static const char *const text[] = {
        "D        the delay between samples",
        "S, <, >  sort by the next or previous column",
        "N        networks of each domain",
        "B, X     disks of each domain",
        "V        vCPUs of each domain",
        "F        whole names",
        "Z        Domain-0 first",
        "R        a header before each domain",
        "arrows, PgUp, PgDn, Home   move the table",
        "Space    sample now",
        "Q, Esc   quit",
    };

    for ( size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++ )
        mvaddnstr(4 + (int)i, 2, text[i], COLS - 2);
}

static void draw(struct screen *s)
{
    erase();
    draw_summary(s);
    s->line = 0;
    if ( s->help )
        draw_help();
    else
        top_lines(&s->sample, s->o, draw_line, s);
    s->nr_lines = s->line;
    attron(A_REVERSE);
    mvhline(LINES - 1, 0, ' ', COLS);
    if ( s->asking )
        mvprintw(LINES - 1, 0, "Seconds between samples: %s", s->prompt);
    else
        mvaddnstr(LINES - 1, 0, s->note ? s->note :
                  "Delay  Networks  disks(B)  Vcpus  Repeat header  Sort  Full names  Help  Quit",
                  COLS);
    attroff(A_REVERSE);
    refresh();
}

static void take(struct screen *s)
{
    struct top_sample next = { 0 };

    if ( top_take(&next, &s->sample, s->o->vcpus) ) {
        s->note = "the last sample failed; see xl list";
        return;
    }
    top_free(&s->sample);
    s->sample = next;
}

static void scroll_to(struct screen *s, int first)
{
    const int rows = LINES - 5, most = s->nr_lines > rows ? s->nr_lines - rows : 0;

    s->first = first < 0 ? 0 : first > most ? most : first;
}

static void answer(struct screen *s, int key)
{
    const size_t n = strlen(s->prompt);

    if ( key == KEY_ESC ) {
        s->asking = false;
    } else if ( key == '\n' || key == '\r' || key == KEY_ENTER ) {
        char *end;
        const double delay = strtod(s->prompt, &end);

        s->asking = false;
        if ( end == s->prompt || *end || !(delay >= 0.1 && delay <= 86400) )
            s->note = "the delay must be a number from 0.1 to 86400";
        else
            s->o->delay = delay;
    } else if ( (key == KEY_BACKSPACE || key == 127 || key == 8) && n ) {
        s->prompt[n - 1] = 0;
    } else if ( (isdigit(key) || key == '.') && n < sizeof(s->prompt) - 1 ) {
        s->prompt[n] = (char)key;
        s->prompt[n + 1] = 0;
    }
}

static void sort_next(struct screen *s, int step)
{
    const int n = TOP_COLUMNS + 1;

    s->o->sort = (enum top_column)(((int)s->o->sort + step + n) % n);
}

/* Moving about; false: another key. */
static bool move_key(struct screen *s, int key)
{
    switch ( key ) {
    case KEY_UP: scroll_to(s, s->first - 1); break;
    case KEY_DOWN: scroll_to(s, s->first + 1); break;
    case KEY_PPAGE: scroll_to(s, s->first - (LINES - 6)); break;
    case KEY_NPAGE: scroll_to(s, s->first + (LINES - 6)); break;
    case KEY_HOME: s->left = 0; scroll_to(s, 0); break;
    case KEY_END: scroll_to(s, s->nr_lines); break;
    case KEY_LEFT: s->left = s->left > 8 ? s->left - 8 : 0; break;
    case KEY_RIGHT: s->left = s->left < 120 ? s->left + 8 : s->left; break;
    case KEY_RESIZE: scroll_to(s, s->first); break;
    default: return false;
    }
    return true;
}

/* True: sample now. */
static bool act(struct screen *s, int key)
{
    s->note = NULL;
    s->help = false;
    switch ( tolower(key) ) {
    case 'q': case KEY_ESC: s->quit = true; break;
    case 'd': s->asking = true; s->prompt[0] = 0; break;
    case 's': case '>': sort_next(s, 1); break;
    case '<': sort_next(s, -1); break;
    case 'n': s->o->nets = !s->o->nets; break;
    case 'b': case 'x': s->o->vbds = !s->o->vbds; break;
    case 'v': s->o->vcpus = !s->o->vcpus; return s->o->vcpus;
    case 'r': s->o->headers = !s->o->headers; break;
    case 'f': s->o->full_name = !s->o->full_name; break;
    case 'z': s->o->dom0_first = !s->o->dom0_first; break;
    case 'h': case '?': s->help = true; break;
    case ' ': return true;
    default: break;
    }
    return false;
}

/* Keys until it is time for the next sample. */
static void obey_until(struct screen *s, uint64_t when)
{
    for ( ;; ) {
        struct timespec now;
        int64_t ms;
        int key;

        top_sort(&s->sample, s->o);
        draw(s);
        clock_gettime(CLOCK_MONOTONIC, &now);
        ms = ((int64_t)when - (int64_t)now.tv_sec * 1000000000 - now.tv_nsec) / 1000000;
        if ( ms <= 0 || told_to_stop )
            return;
        timeout(ms > 1000 ? 1000 : (int)ms);
        key = getch();
        if ( key == ERR ) {
            struct pollfd in = { .fd = 0, .events = POLLIN };

            if ( poll(&in, 1, 0) > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL) )
                told_to_stop = 1;       /* the terminal is gone */
            continue;
        }
        if ( s->asking )
            answer(s, key);
        else if ( !move_key(s, key) && act(s, key) )
            return;
        if ( s->quit )
            return;
    }
}

static void catch_signals(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    const struct sigaction a = { .sa_handler = stop };

    for ( size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++ )
        sigaction(signals[i], &a, NULL);
}

int top_screen(struct top_options *o)
{
    struct screen s = { .o = o };
    SCREEN *terminal;

    if ( !isatty(0) || !isatty(1) )
        return xl_error("top: this is no terminal; use -b for plain text, --json for JSON");
    if ( top_take(&s.sample, NULL, o->vcpus) )
        return xl_failed(NULL, "top");
    terminal = newterm(NULL, stdout, stdin);
    if ( !terminal ) {
        const char *term = getenv("TERM");

        top_free(&s.sample);
        return xl_error("top: nothing is known of the terminal type '%s' (TERM); use -b",
                        term ? term : "");
    }
    catch_signals();
    set_escdelay(50);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    curs_set(0);
    for ( long n = 1; !s.quit && !told_to_stop; n++ ) {
        obey_until(&s, s.sample.at_ns + (uint64_t)(o->delay * 1e9));
        if ( o->iterations && n >= o->iterations )
            break;
        if ( !s.quit && !told_to_stop )
            take(&s);
    }
    endwin();
    delscreen(terminal);
    top_free(&s.sample);
    return XL_OK;
}

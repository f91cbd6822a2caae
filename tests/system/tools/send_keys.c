/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_keys SOCKET KEY...: has the QEMU behind a QMP socket press and release each key (its names: a, ret, ...). */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The answer to one command; events may come before it. */
static int order(FILE *in, int fd, const char *text)
{
    char line[4096];

    if ( write(fd, text, strlen(text)) != (ssize_t)strlen(text) )
        return 1;
    while ( fgets(line, sizeof(line), in) ) {
        if ( strstr(line, "\"return\"") )
            return 0;
        if ( strstr(line, "\"error\"") ) {
            fputs(line, stderr);
            return 1;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    FILE *in = fdopen(fd, "r");
    char text[256];
    int bad;

    if ( argc < 3 || !in )
        return 2;
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", argv[1]);
    if ( connect(fd, (struct sockaddr *)&at, sizeof(at)) ) {
        perror(argv[1]);
        return 1;
    }
    bad = order(in, fd, "{\"execute\":\"qmp_capabilities\"}\n");
    for ( int i = 2; !bad && i < argc; i++ ) {
        snprintf(text, sizeof(text), "{\"execute\":\"send-key\",\"arguments\":{\"keys\":[{\"type\":\"qcode\","
                 "\"data\":\"%s\"}],\"hold-time\":20}}\n", argv[i]);
        bad = order(in, fd, text);
        usleep(100000);             /* a key is released by a timer */
    }
    return bad;
}

/* rpcload: a load generator that speaks the libvirt remote protocol directly.
 *
 * It knows nothing of any server's internals, so one binary measures any two
 * servers side by side.  Build:  cc -O2 -o rpcload rpcload.c
 *
 *   rpcload ADDR MODE [options]
 *     ADDR   unix:/path/to/libvirt-sock  or  tcp:127.0.0.1:16509
 *     MODE   call     pipelined calls: replies per second, latency percentiles
 *            connect  connect + open + close, repeated: connections per second
 *            idle     open -c connections and hold them for -t seconds
 *            define   define -n domains named bench-0... (test driver XML)
 *            undefine undefine the domains that define made
 *            snapshot create -n snapshots named bench-0... of the domain
 *            first    start the command that follows "--"; time until it answers
 *            event    -c connections register for domain lifecycle events while
 *                     one more suspends/resumes a domain -n times: events per second
 *   -u URI   the name sent in CONNECT_OPEN      (test:///default)
 *   -p PROC  what 'call' calls: version | info | xml | list | stats | lookup |
 *            snapshots  (version)
 *   -d NAME  the domain that info/xml/event use (test)
 *   -c N     connections                        (1)
 *   -q N     calls in flight per connection     (1)
 *   -t SEC   seconds to run                     (3)
 *   -n N     count for define/undefine/snapshot/event/connect  (1000)
 *   -f       event: register for events of the domain alone: others change theirs meanwhile
 *   -o N     the first number in the names that define/undefine/snapshot use  (0)
 * It prints one line of "key=value" pairs.  Exit status 1: an RPC error or a
 * lost connection (the error's text goes to stderr).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAM = 0x20008086, T_CALL = 0, T_REPLY = 1, T_MESSAGE = 2 };
enum {
    P_OPEN = 1, P_CLOSE = 2, P_CREATE_XML = 10, P_DEFINE_XML = 11, P_GET_XML = 14, P_GET_INFO = 16,
    P_LOOKUP_NAME = 23, P_RESUME = 28, P_SUSPEND = 34, P_UNDEFINE = 35, P_AUTH_LIST = 66, P_GET_LIB_VERSION = 157,
    P_SNAPSHOT_CREATE_XML = 185, P_LIST_ALL = 273, P_LIST_ALL_SNAPSHOTS = 274, P_EVENT_CALLBACK_REGISTER_ANY = 316, P_ALL_STATS = 344,
};

typedef struct {
    int fd;
    uint8_t *in;
    size_t have, cap;
    uint32_t serial;
    int inflight;
    double sent_at[4096];
} Conn;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    fprintf(stderr, "rpcload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint8_t *put32(uint8_t *p, uint32_t v) { v = htonl(v); memcpy(p, &v, 4); return p + 4; }
static uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return ntohl(v); }
static uint8_t *put_string(uint8_t *p, const char *s)
{
    size_t n = strlen(s), pad = (4 - n % 4) % 4;
    p = put32(p, n);
    memcpy(p, s, n);
    memset(p + n, 0, pad);
    return p + n + pad;
}

static int try_dial(const char *addr)
{
    int fd;
    if (!strncmp(addr, "unix:", 5)) {
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        strncpy(sa.sun_path, addr + 5, sizeof sa.sun_path - 1);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (void *)&sa, sizeof sa)) { close(fd); return -1; }
    } else {
        char host[64];
        int port, one = 1;
        if (sscanf(addr, "tcp:%63[^:]:%d", host, &port) != 2) die(addr);
        struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
        inet_pton(AF_INET, host, &sa.sin_addr);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (void *)&sa, sizeof sa)) { close(fd); return -1; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    return fd;
}

static int dial(const char *addr)
{
    int fd = try_dial(addr);
    if (fd < 0) die(addr);
    return fd;
}

static void write_all(int fd, const uint8_t *b, size_t n)
{
    while (n) {
        ssize_t w = send(fd, b, n, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) die("send");
        b += w;
        n -= w;
    }
}

static size_t frame(uint8_t *buf, uint32_t proc, uint32_t serial, const uint8_t *args, size_t nargs)
{
    uint8_t *p = buf;
    p = put32(p, 28 + nargs);
    p = put32(p, PROGRAM);
    p = put32(p, 1);
    p = put32(p, proc);
    p = put32(p, T_CALL);
    p = put32(p, serial);
    p = put32(p, 0);
    memcpy(p, args, nargs);
    return 28 + nargs;
}

/* Reads more bytes; returns the next whole message (its length in *len) or NULL. */
static uint8_t *next_message(Conn *c, size_t *at, uint32_t *len)
{
    if (c->have - *at < 4) return NULL;
    *len = get32(c->in + *at);
    if (c->have - *at < *len) return NULL;
    uint8_t *m = c->in + *at;
    *at += *len;
    return m;
}

static void fill(Conn *c)
{
    if (c->have + 65536 > c->cap) c->in = realloc(c->in, c->cap = (c->cap + 65536) * 2);
    ssize_t r = recv(c->fd, c->in + c->have, c->cap - c->have, 0);
    if (r == 0) { fprintf(stderr, "rpcload: the server closed the connection\n"); exit(1); }
    if (r < 0) { if (errno == EINTR || errno == EAGAIN) return; die("recv"); }
    c->have += r;
}

static void consume(Conn *c, size_t at)
{
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
}

static void check(const uint8_t *m, uint32_t len)
{
    if (get32(m + 24) == 0) return;
    fprintf(stderr, "rpcload: procedure %u failed: code %u", get32(m + 12), len > 32 ? get32(m + 28) : 0);
    if (len > 44 && get32(m + 36)) fprintf(stderr, ": %.*s", (int)get32(m + 40), m + 44);
    fputc('\n', stderr);
    exit(1);
}

/* A blocking call; the reply stays valid until the next one on this connection. */
static const uint8_t *call(Conn *c, uint32_t proc, const uint8_t *args, size_t nargs, uint32_t *replylen)
{
    static uint8_t buf[1 << 16];
    static uint8_t *reply;
    uint32_t serial = ++c->serial, len;
    write_all(c->fd, buf, frame(buf, proc, serial, args, nargs));
    for (;;) {
        size_t at = 0;
        uint8_t *m;
        while ((m = next_message(c, &at, &len))) {
            if (get32(m + 16) != T_REPLY || get32(m + 20) != serial) continue;
            check(m, len);
            reply = realloc(reply, len);
            memcpy(reply, m, len);
            consume(c, at);
            if (replylen) *replylen = len;
            return reply;
        }
        consume(c, at);
        fill(c);
    }
}

static void start_conn(Conn *c, int fd)
{
    memset(c, 0, sizeof *c);
    c->in = malloc(c->cap = 1 << 17);
    c->fd = fd;
    call(c, P_AUTH_LIST, NULL, 0, NULL);
}

static void open_driver(Conn *c, const char *uri)
{
    uint8_t a[512], *p = a;
    p = put32(p, 1);
    p = put_string(p, uri);
    p = put32(p, 0);
    call(c, P_OPEN, a, p - a, NULL);
}

static void open_conn(Conn *c, const char *addr, const char *uri)
{
    start_conn(c, dial(addr));
    open_driver(c, uri);
}

/* Starts a server; prints how long it took to answer at all, and to open a driver and answer a call of it. */
static int first(const char *addr, const char *uri, double secs, char **command)
{
    Conn c;
    int fd, status;
    double t0 = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        die(command[0]);
    }
    while ((fd = try_dial(addr)) < 0) {
        if (waitpid(child, &status, WNOHANG) == child) { fprintf(stderr, "rpcload: %s ended\n", command[0]); return 1; }
        if (now() - t0 > secs) { kill(child, SIGKILL); fprintf(stderr, "rpcload: no answer in %.1f s\n", secs); return 1; }
        usleep(200);
    }
    start_conn(&c, fd);
    double reply = now() - t0;
    open_driver(&c, uri);
    call(&c, P_GET_LIB_VERSION, NULL, 0, NULL);
    double opened = now() - t0;
    close(fd);
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    printf("mode=first reply_ms=%.2f opened_ms=%.2f stopped_ms=%.2f\n", reply * 1e3, opened * 1e3, (now() - t0 - opened) * 1e3);
    return 0;
}

static size_t domain_ref(Conn *c, const char *name, uint8_t *out)
{
    uint8_t a[300];
    uint32_t len;
    size_t n = put_string(a, name) - a;
    const uint8_t *r = call(c, P_LOOKUP_NAME, a, n, &len);
    memcpy(out, r + 28, len - 28);
    return len - 28;
}

static int by_value(const void *a, const void *b)
{
    double x = *(double *)a, y = *(double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    if (argc < 3) { fprintf(stderr, "usage: rpcload ADDR MODE [-u URI] [-p PROC] [-d NAME] [-c N] [-q N] [-t SEC] [-n N] [-o N] [-f] [-- COMMAND]\n"); return 2; }
    const char *addr = argv[1], *mode = argv[2], *uri = "test:///default", *proc = "version", *dom = "test";
    int conns = 1, depth = 1, count = 1000, offset = 0, filter = 0, o;
    double secs = 3;
    optind = 3;
    while ((o = getopt(argc, argv, "u:p:d:c:q:t:n:o:f")) != -1) switch (o) {
        case 'u': uri = optarg; break;
        case 'p': proc = optarg; break;
        case 'd': dom = optarg; break;
        case 'c': conns = atoi(optarg); break;
        case 'q': depth = atoi(optarg); break;
        case 't': secs = atof(optarg); break;
        case 'n': count = atoi(optarg); break;
        case 'o': offset = atoi(optarg); break;
        case 'f': filter = 1; break;
        default: return 2;
    }
    struct rlimit rl = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_NOFILE, &rl);
    if (depth > 4096) depth = 4096;
    Conn *cs = calloc(conns + 1, sizeof *cs);

    if (!strcmp(mode, "connect")) {
        double t0 = now();
        for (int i = 0; i < count; i++) {
            open_conn(cs, addr, uri);
            call(cs, P_CLOSE, NULL, 0, NULL);
            close(cs->fd);
            free(cs->in);
        }
        double dt = now() - t0;
        printf("mode=connect count=%d per_sec=%.0f mean_us=%.1f\n", count, count / dt, dt / count * 1e6);
        return 0;
    }
    if (!strcmp(mode, "define")) {
        static uint8_t a[8192];
        char xml[4096];
        open_conn(cs, addr, uri);
        double t0 = now();
        for (int i = offset; i < offset + count; i++) {
            snprintf(xml, sizeof xml,
                     "<domain type='test'><name>bench-%d</name><memory unit='KiB'>8192</memory><vcpu>2</vcpu><os><type>hvm</type></os>"
                     "<devices><disk type='file' device='disk'><source file='/guest/bench-%d.img'/><target dev='vda' bus='virtio'/></disk>"
                     "<interface type='network'><source network='default'/><mac address='52:54:00:%02x:%02x:%02x'/></interface></devices></domain>",
                     i, i, i >> 16 & 255, i >> 8 & 255, i & 255);
            call(cs, P_DEFINE_XML, a, put_string(a, xml) - a, NULL);
        }
        double dt = now() - t0;
        printf("mode=define count=%d per_sec=%.0f\n", count, count / dt);
        return 0;
    }
    if (!strcmp(mode, "undefine")) {
        uint8_t (*refs)[64] = calloc(count, sizeof *refs);
        size_t *lengths = calloc(count, sizeof *lengths);
        char name[32];
        open_conn(cs, addr, uri);
        for (int i = 0; i < count; i++) {
            snprintf(name, sizeof name, "bench-%d", offset + i);
            lengths[i] = domain_ref(cs, name, refs[i]);
        }
        double t0 = now();
        for (int i = 0; i < count; i++) call(cs, P_UNDEFINE, refs[i], lengths[i], NULL);
        double dt = now() - t0;
        printf("mode=undefine count=%d per_sec=%.0f\n", count, count / dt);
        return 0;
    }
    if (!strcmp(mode, "snapshot")) {
        uint8_t a[1024];
        char xml[256];
        open_conn(cs, addr, uri);
        size_t nref = domain_ref(cs, dom, a);
        double t0 = now();
        for (int i = offset; i < offset + count; i++) {
            snprintf(xml, sizeof xml, "<domainsnapshot><name>bench-%d</name></domainsnapshot>", i);
            uint8_t *p = put_string(a + nref, xml);
            p = put32(p, 0);
            call(cs, P_SNAPSHOT_CREATE_XML, a, p - a, NULL);
        }
        double dt = now() - t0;
        printf("mode=snapshot count=%d per_sec=%.0f\n", count, count / dt);
        return 0;
    }
    if (!strcmp(mode, "first")) {
        if (optind >= argc) { fprintf(stderr, "rpcload: first wants -- COMMAND\n"); return 2; }
        return first(addr, uri, secs, argv + optind);
    }
    if (!strcmp(mode, "idle")) {
        double t0 = now();
        for (int i = 0; i < conns; i++) open_conn(cs + i, addr, uri);
        printf("mode=idle conns=%d opened_in=%.3f\n", conns, now() - t0);
        fflush(stdout);
        usleep(secs * 1e6);
        return 0;
    }
    int ep = epoll_create1(0);
    for (int i = 0; i < conns; i++) {
        open_conn(cs + i, addr, uri);
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(ep, EPOLL_CTL_ADD, cs[i].fd, &ev);
    }
    if (!strcmp(mode, "event")) {
        uint8_t ref[400], a[408];
        Conn *driver = cs + conns;
        open_conn(driver, addr, uri);
        size_t nref = domain_ref(driver, dom, ref);
        for (int i = 0; i < conns; i++) {
            uint8_t *p = put32(a, 0);       /* event id 0: lifecycle */
            p = put32(p, filter);           /* of one domain, or of all */
            if (filter) p = (uint8_t *)memcpy(p, ref, nref) + nref;
            call(cs + i, P_EVENT_CALLBACK_REGISTER_ANY, a, p - a, NULL);
        }
        long got = 0, want = (long)count * conns;
        double t0 = now();
        int sent = 0, awaiting = 0;
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = conns}, evs[256];
        epoll_ctl(ep, EPOLL_CTL_ADD, driver->fd, &ev);
        while (got < want) {
            uint8_t buf[512];
            if (!awaiting && sent < count) {
                write_all(driver->fd, buf, frame(buf, sent & 1 ? P_RESUME : P_SUSPEND, ++driver->serial, ref, nref));
                sent++;
                awaiting = 1;
            }
            int n = epoll_wait(ep, evs, 256, 5000);
            if (n == 0) { fprintf(stderr, "rpcload: %ld of %ld events arrived, then none for 5 s\n", got, want); return 1; }
            for (int k = 0; k < n; k++) {
                Conn *c = cs + evs[k].data.u32;
                size_t at = 0;
                uint32_t len;
                uint8_t *m;
                fill(c);
                while ((m = next_message(c, &at, &len))) {
                    if (get32(m + 16) == T_MESSAGE) got++;
                    else if (c == driver) { check(m, len); awaiting = 0; }
                }
                consume(c, at);
            }
        }
        double dt = now() - t0;
        printf("mode=event conns=%d ops=%d events=%ld per_sec=%.0f\n", conns, count, got, got / dt);
        return 0;
    }
    if (strcmp(mode, "call")) { fprintf(stderr, "rpcload: unknown mode %s\n", mode); return 2; }

    uint8_t args[512];
    size_t nargs = 0;
    uint32_t number = P_GET_LIB_VERSION;
    if (!strcmp(proc, "info")) { number = P_GET_INFO; nargs = domain_ref(cs, dom, args); }
    else if (!strcmp(proc, "xml")) { number = P_GET_XML; nargs = domain_ref(cs, dom, args); put32(args + nargs, 0); nargs += 4; }
    else if (!strcmp(proc, "lookup")) { number = P_LOOKUP_NAME; nargs = put_string(args, dom) - args; }
    else if (!strcmp(proc, "list")) { number = P_LIST_ALL; put32(args, 1); put32(args + 4, 0); nargs = 8; }
    else if (!strcmp(proc, "stats")) { number = P_ALL_STATS; memset(args, 0, 12); nargs = 12; }
    else if (!strcmp(proc, "snapshots")) { number = P_LIST_ALL_SNAPSHOTS; nargs = domain_ref(cs, dom, args); put32(args + nargs, 1); put32(args + nargs + 4, 0); nargs += 8; }
    else if (strcmp(proc, "version")) { fprintf(stderr, "rpcload: unknown procedure %s\n", proc); return 2; }

    size_t nlat = 0, caplat = 1 << 22;
    double *lat = malloc(caplat * sizeof *lat);
    unsigned long done = 0, bytes = 0;
    static uint8_t out[1 << 20];
    double t0 = now(), end = t0 + secs;
    for (int i = 0; i < conns; i++) {
        size_t n = 0;
        double t = now();
        for (int q = 0; q < depth; q++) {
            cs[i].sent_at[++cs[i].serial % 4096] = t;
            n += frame(out + n, number, cs[i].serial, args, nargs);
        }
        write_all(cs[i].fd, out, n);
        cs[i].inflight = depth;
    }
    struct epoll_event evs[256];
    double t = t0;
    while (t < end) {
        int n = epoll_wait(ep, evs, 256, 5000);
        if (n == 0) { fprintf(stderr, "rpcload: no reply for 5 s\n"); return 1; }
        t = now();
        for (int k = 0; k < n; k++) {
            Conn *c = cs + evs[k].data.u32;
            size_t at = 0, nout = 0;
            uint32_t len;
            uint8_t *m;
            fill(c);
            while ((m = next_message(c, &at, &len))) {
                if (get32(m + 16) != T_REPLY) continue;
                check(m, len);
                done++;
                bytes += len;
                if (nlat < caplat) lat[nlat++] = t - c->sent_at[get32(m + 20) % 4096];
                c->sent_at[++c->serial % 4096] = t;
                nout += frame(out + nout, number, c->serial, args, nargs);
                if (nout > sizeof out - 1024) { write_all(c->fd, out, nout); nout = 0; }
            }
            consume(c, at);
            if (nout) write_all(c->fd, out, nout);
        }
    }
    double dt = t - t0;
    qsort(lat, nlat, sizeof *lat, by_value);
    if (!nlat) { fprintf(stderr, "rpcload: no reply in %.1f s\n", secs); return 1; }
    printf("mode=call proc=%s conns=%d depth=%d replies=%lu per_sec=%.0f MB_per_sec=%.1f p50_us=%.1f p99_us=%.1f max_us=%.1f\n",
           proc, conns, depth, done, done / dt, bytes / dt / 1e6, lat[nlat / 2] * 1e6, lat[(size_t)(nlat * 0.99)] * 1e6, lat[nlat - 1] * 1e6);
    return 0;
}

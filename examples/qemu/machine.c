#define _GNU_SOURCE

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS = 96, TEXT = 8192, START_MS = 20000, SAVE_MS = 30000 };

/* A command line, with the memory of its words. */
struct command {
    char *words[ARGUMENTS];
    size_t count;
    char text[TEXT];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct command *command, const char *format,
                                                      ...)
{
    va_list arguments;

    command->words[command->count++] = command->text + command->used;
    va_start(arguments, format);
    command->used += 1u + (size_t)vsnprintf(command->text + command->used, TEXT - command->used,
                                            format, arguments);
    va_end(arguments);
}

/* The machine of every run: what is plugged in later is not here. */
static void add_machine(struct command *command, const struct machine *machine)
{
    static const char *const words[] = {
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "192",
        /* virtiofsd maps the guest's memory */
        "-object", "memory-backend-memfd,id=memory,size=192M,share=on", "-machine",
        "q35,hpet=off,smbus=off,sata=off,usb=off,vmport=off,memory-backend=memory", "-device",
        "virtio-serial-pci,addr=0x3", "-device", "virtserialport,chardev=agent,name=berth.agent",
        "-mon", "chardev=qmp,mode=control"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (i == 1) { /* behind the program's name */
            add(command, "-chardev");
            add(command, "socket,id=agent,path=%s,server=on,wait=off", machine->agent);
            add(command, "-chardev");
            add(command, "socket,id=qmp,path=%s,server=on,wait=off", machine->qmp);
        }
        add(command, "%s", words[i]);
    }
    for (int i = 0; i < MACHINE_CONTROLLERS; i++) {
        add(command, "-device");
        add(command, "virtio-scsi-pci,id=scsi%d,addr=%#x", i, 4 + i);
    }
    for (int i = 0; i < MACHINE_PORTS; i++) {
        add(command, "-device");
        add(command, "pcie-root-port,id=port%d,chassis=%d,addr=%#x", i, i + 1, 0x10 + i);
    }
}

static void add_guest(struct command *command, const struct machine *machine,
                      const struct machine_config *config)
{
    if (!config->image) {
        add(command, "-S");
        return;
    }
    add(command, "-kernel");
    add(command, "%s/vmlinuz", config->image);
    add(command, "-initrd");
    add(command, "%s/initramfs", config->image);
    add(command, "-append");
    add(command, "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check"
                 " cryptomgr.notests random.trust_cpu=on");
    add(command, "-serial");
    add(command, "file:%s", machine->serial);
    if (config->state) {
        add(command, "-incoming");
        add(command, "exec:cat %s", config->state);
    }
}

/* In the child: it ends with its parent, and what it says goes to a file. The session is its own,
 * so that a signal of the terminal is for the parent alone. */
static void run(struct command *command, const char *log, pid_t parent)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (fd >= 0) {
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
    }
    (void)execvp(command->words[0], command->words);
    _exit(127);
}

static bool can_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    can = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        (void)close(fd);
    return can;
}

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

void machine_sockets(const char *folder, char *qmp, char *agent, size_t size)
{
    (void)snprintf(qmp, size, "%s/qmp.sock", folder);
    (void)snprintf(agent, size, "%s/agent.sock", folder);
}

int machine_start(struct machine *machine, const struct machine_config *config)
{
    struct command command = {.count = 0};
    const pid_t parent = getpid();
    char log[128];
    int status;

    *machine = (struct machine){.process = 0};
    if (strlen(config->folder) > 60)
        return -ENAMETOOLONG;
    machine_sockets(config->folder, machine->qmp, machine->agent, sizeof machine->qmp);
    (void)snprintf(machine->serial, sizeof machine->serial, "%s/serial.txt", config->folder);
    (void)snprintf(log, sizeof log, "%s/qemu.txt", config->folder);
    (void)unlink(machine->qmp);
    add_machine(&command, machine);
    if (config->native_hotplug) {
        add(&command, "-global");
        add(&command, "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
    }
    add_guest(&command, machine, config);
    machine->process = fork();
    if (machine->process == 0)
        run(&command, log, parent);
    if (machine->process < 0)
        return -errno;
    for (int waited = 0; waited < START_MS; waited += 5) {
        if (can_connect(machine->qmp))
            return 0;
        if (waitpid(machine->process, &status, WNOHANG) == machine->process) {
            machine->process = 0;
            return -ECHILD;
        }
        pause_ms(5);
    }
    machine_end(machine);
    return -ETIMEDOUT;
}

berth_qemu_options machine_options(void)
{
    static const berth_qemu_port ports[MACHINE_PORTS] = {
        {"port0", "0000:00:10.0"}, {"port1", "0000:00:11.0"}, {"port2", "0000:00:12.0"},
        {"port3", "0000:00:13.0"}, {"port4", "0000:00:14.0"}, {"port5", "0000:00:15.0"},
    };

    return (berth_qemu_options){.ports = ports, .port_count = MACHINE_PORTS};
}

int machine_save(berth_qemu *vm, const char *file)
{
    char request[256], *answer = NULL;
    int rc = machine_pause(vm);
    bool done = false;

    (void)snprintf(request, sizeof request,
                   "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat >%s\"}}", file);
    if (rc == 0)
        rc = berth_qemu_ask(vm, false, request, NULL);
    for (int waited = 0; rc == 0 && !done; waited += 10) {
        rc = berth_qemu_ask(vm, false, "{\"execute\":\"query-migrate\"}", &answer);
        done = rc == 0 && strstr(answer, "\"completed\"");
        if (rc == 0 && strstr(answer, "\"failed\""))
            rc = -EIO;
        free(answer);
        if (rc == 0 && !done && waited >= SAVE_MS)
            rc = -ETIMEDOUT;
        if (!done)
            pause_ms(10);
    }
    return rc;
}

int machine_resume_restored(berth_qemu *vm)
{
    bool is_ready = false;

    for (int waited = 0; !is_ready; waited += 10) {
        char *answer = NULL;
        int rc = berth_qemu_ask(vm, false, "{\"execute\":\"query-status\"}", &answer);

        is_ready = rc == 0 && strstr(answer, "paused");
        free(answer);
        if (rc != 0 || waited >= START_MS)
            return rc != 0 ? rc : -ETIMEDOUT;
        pause_ms(10);
    }
    return machine_resume(vm);
}

void machine_freeze(const struct machine *machine)
{
    (void)kill(machine->process, SIGSTOP);
}

void machine_thaw(const struct machine *machine)
{
    (void)kill(machine->process, SIGCONT);
}

int machine_pause(berth_qemu *vm)
{
    return berth_qemu_ask(vm, false, "{\"execute\":\"stop\"}", NULL);
}

int machine_resume(berth_qemu *vm)
{
    return berth_qemu_ask(vm, false, "{\"execute\":\"cont\"}", NULL);
}

void machine_end(struct machine *machine)
{
    if (machine->process <= 0)
        return;
    (void)kill(machine->process, SIGKILL);
    while (waitpid(machine->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    machine->process = 0;
}

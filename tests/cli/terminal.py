"""A terminal for a test: terminal.py COLUMNS ROWS COMMAND... runs the command on a pty.

stdin takes one JSON object a line: {"keys": "..."} types, {"size": [columns, rows]} resizes. What the command
prints goes to stdout. At its end one line on stderr: {"status", "signal", "same": the terminal is as it was}.
"""
import fcntl, json, os, select, struct, sys, termios


def main():
    size = [int(sys.argv[1]), int(sys.argv[2])]
    master, slave = os.openpty()
    resize(master, size)
    before = mode(slave)
    child = os.fork()
    if child == 0:
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.execvp(sys.argv[3], sys.argv[3:])
    print(json.dumps({"pid": child}), file=sys.stderr, flush=True)
    status = pump(master, child)
    report = {
        "status": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "same": mode(slave) == before,
    }
    print(json.dumps(report), file=sys.stderr, flush=True)


def mode(fd):
    return termios.tcgetattr(fd), fcntl.fcntl(fd, fcntl.F_GETFL)


def resize(master, size):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))


def pump(master, child):
    rest = b""
    inputs = [master, 0]
    while True:
        ready = select.select(inputs, [], [], 0.05)[0]
        if master in ready:
            os.write(1, os.read(master, 65536))
            continue
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                inputs.remove(0)
            rest += data
            *lines, rest = rest.split(b"\n")
            for line in lines:
                order = json.loads(line)
                if "keys" in order:
                    os.write(master, order["keys"].encode())
                if "size" in order:
                    resize(master, order["size"])
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            while select.select([master], [], [], 0)[0]:
                os.write(1, os.read(master, 65536))
            return status


main()

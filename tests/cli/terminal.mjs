// A terminal for the program: tests/cli/terminal.py, with what it shows collected.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { environment, here, until } from './support.mjs';

export function terminal(dir, command, { columns = 80, rows = 24, env } = {}) {
  const child = spawn('python3', [path.join(here, 'terminal.py'), columns, rows, ...command], {
    cwd: dir, env: { ...environment({ TERM: 'xterm-256color', ...env }), COLUMNS: '' },
  });
  process.on('exit', () => child.kill('SIGKILL'));
  const term = { text: '', notes: '', pid: child.pid };
  child.stdout.setEncoding('utf8').on('data', data => { term.text += data; });
  child.stderr.setEncoding('utf8').on('data', data => { term.notes += data; });
  child.stdin.on('error', () => {}); // a key may come after the end
  const lines = () => term.notes.trim().split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  term.keys = keys => child.stdin.write(JSON.stringify({ keys }) + '\n');
  term.size = (width, height) => child.stdin.write(JSON.stringify({ size: [width, height] }) + '\n');
  term.shows = (what, ms = 30000) => until(() => what.test(term.text), ms);
  term.command = async () => { await until(() => lines().length > 0, 5000); return lines()[0].pid; };
  term.hangUp = () => child.kill('SIGKILL');
  term.end = new Promise(resolve => child.on('close', () => resolve(lines()[1])));
  return term;
}

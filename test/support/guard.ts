import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Runs a command as soon as this process is gone, however it went.
 *
 * A shell waits for the end of a pipe whose other end only this process holds. Handlers would not do: a
 * SIGKILL runs none, jest hides the real `process` from its tests, and one for SIGINT would take the signal
 * from a program that wants to leave in its own way.
 * @returns a function that calls it off
 */
export function whenGone(...command: string[]): () => void {
  const shell = spawn('/bin/sh', ['-c', 'read -r _; exec "$@"', 'sh', ...command], {
    // A session of its own: the SIGINT of a Ctrl-C goes to the whole foreground group.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return () => {
    shell.kill('SIGKILL');
  };
}

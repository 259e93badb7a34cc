import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import type { Redis } from 'ioredis';

/**
 * Every command that this Redis gets from now on, as MONITOR shows it. (ioredis has a `monitor` of its own, but takes a
 * command that comes together with the answer to MONITOR for the answer to another command.)
 *
 * @param onCommand gets the command in lower case, and its arguments
 */
export async function monitor(
  { options }: Redis,
  onCommand: (command: string, args: string[]) => void,
): Promise<() => void> {
  const { host = 'localhost', port = 6379, username = '', password, tls } = options;
  const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port });
  socket.on('error', () => {});
  const commands = ['MONITOR'];
  if (password) commands.unshift(`AUTH ${username} ${password}`);
  for (const command of commands) socket.write(`${command}\r\n`);
  let answers = 0;
  const lines = createInterface({ input: socket });
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error('Redis ended the connection that monitors it')));
    lines.on('line', (line) => {
      if (line.startsWith('-')) reject(new Error(line.slice(1)));
      if (line === '+OK' && ++answers === commands.length) resolve();
      const [command, ...args] = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text);
      if (command) onCommand(command.toLowerCase(), args);
    });
  });
  return () => socket.destroy();
}

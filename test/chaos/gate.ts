import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

type Pair = readonly [member: Socket, redis: Socket];

/**
 * A proxy through which the members reach Redis. While it is shut, no member can connect, so that after a restart the observer
 * is the first to subscribe, and misses no bell.
 */
export class Gate {
  private readonly pairs = new Set<Pair>();
  private isOpen = true;
  private mute = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    target: number,
  ) {
    server.on('connection', (member) => {
      if (this.isOpen) this.join(member, connect(target, '127.0.0.1'));
      else member.destroy();
    });
  }

  /** @param target the port of Redis, on loopback */
  static async to(target: number): Promise<Gate> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate has no port');
    return new Gate(server, address.port, target);
  }

  open(): void {
    this.isOpen = true;
    this.mute = false;
  }

  shut(): void {
    this.isOpen = false;
    this.cut();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  /** For `ms`, forwards commands but no answers; then cuts all connections. */
  async swallow(ms: number): Promise<void> {
    this.mute = true;
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.cut();
    this.mute = false;
  }

  async close(): Promise<void> {
    this.shut();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(member: Socket, redis: Socket): void {
    const pair: Pair = [member, redis];
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      const end = () => {
        member.destroy();
        redis.destroy();
        this.pairs.delete(pair);
      };
      socket.on('error', end);
      socket.on('close', end);
    }
    member.on('data', (data) => redis.write(data));
    redis.on('data', (data) => {
      if (!this.mute) member.write(data);
    });
  }
}

import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'ioredis';

/** What Redis did during a measurement. */
export interface Done {
  /** The commands that clients of the database sent, without those that scripts called. */
  requests: number;
  /** Sent and received bytes, of all databases. */
  bytes: number;
  /** The server's CPU time in ms. */
  cpu: number;
}

/** Measures the traffic of the private server. */
export class Traffic {
  private readonly admin: Redis;

  constructor(readonly port: number) {
    this.admin = new Redis({ host: '127.0.0.1', port });
  }

  /** The CPU time and the bytes while `act` runs. MONITOR is not used, because it costs CPU time itself. */
  async during(act: () => Promise<unknown>): Promise<Omit<Done, 'requests'>> {
    const before = await this.totals();
    await act();
    const after = await this.totals();
    return { bytes: after.bytes - before.bytes, cpu: after.cpu - before.cpu };
  }

  /** The requests of each database while `act` runs, counted with MONITOR, and the bytes without those of MONITOR itself. */
  async monitored(act: () => Promise<unknown>): Promise<{ requests: Map<number, number>; bytes: number }> {
    const socket = connect(this.port, '127.0.0.1');
    const requests = new Map<number, number>();
    let rest = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop() ?? '';
      // `+1700000000.123456 [3 127.0.0.1:50000] "GET" "key"`; within a script `[3 lua]`.
      for (const line of lines) {
        const from = line.match(/^\+[\d.]+ \[(\d+) (?!lua\])/);
        if (from) requests.set(Number(from[1]), (requests.get(Number(from[1])) ?? 0) + 1);
      }
    });
    await once(socket, 'connect');
    socket.write('MONITOR\r\n');
    await once(socket, 'data');
    const { bytes } = await this.during(async () => {
      requests.clear();
      await act();
    });
    const own = socket.bytesRead;
    socket.destroy();
    return { requests, bytes: bytes - own };
  }

  async clear(db: number): Promise<void> {
    await this.admin.pipeline().select(db).flushdb().select(0).exec();
  }

  async version(): Promise<string> {
    const info = await this.admin.info('server');
    return /redis_version:(\S+)/.exec(info)?.[1] ?? 'of an unknown version';
  }

  close(): void {
    this.admin.disconnect();
  }

  private async totals(): Promise<{ bytes: number; cpu: number }> {
    const info = `${await this.admin.info('stats')}${await this.admin.info('cpu')}`;
    const of = (field: string) => Number(new RegExp(`${field}:([\\d.]+)`).exec(info)?.[1] ?? Number.NaN);
    return {
      bytes: of('total_net_input_bytes') + of('total_net_output_bytes'),
      cpu: 1000 * (of('used_cpu_user') + of('used_cpu_sys')),
    };
  }
}

import type { Socket } from 'node:net';
import { type Client, isCluster } from './connection';

/**
 * Lets commands that are sent in one turn of the event loop leave together, as each write is a call of the system. The
 * first leaves at once, as it mostly is the only one. Their order stays, and none waits for longer than the turn. Of a
 * Cluster, whose nodes have a connection each, they leave one by one.
 */
export class Gathering {
  private inTurn = false;
  private stream: Socket | null = null;

  constructor(private readonly client: Client) {}

  /** To be called before each command. */
  begin(): void {
    if (!this.inTurn) {
      this.inTurn = true;
      process.nextTick(() => {
        this.inTurn = false;
        this.flush();
      });
    } else if (!this.stream && !isCluster(this.client) && this.client.status === 'ready') {
      this.stream = this.client.stream;
      this.stream.cork();
    }
  }

  /** Nothing waits any more; to be called before anything that may keep the process busy. */
  flush(): void {
    this.stream?.uncork();
    this.stream = null;
  }
}

/** Events that a slow reader may be behind; what comes then is left out, and it reads everything again. */
const MOST_BEHIND = 16;

/** A tab that listens. */
export interface Tab {
  /** @returns false: it does not read, and this was left out */
  send(event: string, data: string): boolean;
  /** Keeps proxies from closing a connection on which nothing is said. */
  keepAlive(): void;
  end(): void;
}

/**
 * A stream of server-sent events.
 *
 * @param opened is given the tab, and returns what is to be called when it has gone
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function eventStream(opened: (tab: Tab) => () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let closed = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        let isOpen = true;
        const put = (text: string): boolean => {
          if (!isOpen || (controller.desiredSize ?? 0) <= 0) return false;
          controller.enqueue(encoder.encode(text));
          return true;
        };
        const gone = opened({
          send: (event, data) => put(`event: ${event}\ndata: ${data}\n\n`),
          keepAlive: () => void put(':\n\n'),
          end: () => {
            if (!isOpen) return;
            closed();
            controller.close();
          },
        });
        closed = () => {
          isOpen = false;
          gone();
        };
      },
      cancel: () => closed(),
    },
    new CountQueuingStrategy({ highWaterMark: MOST_BEHIND }),
  );
}

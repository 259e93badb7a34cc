/** Events that are buffered for a slow reader. Further ones are dropped, and the reader loads everything again later. */
const MOST_BEHIND = 16;

/** An open tab that receives events. */
export interface Tab {
  /** @returns false if the tab reads too slowly and the event was dropped */
  send(event: string, data: string): boolean;
  /** Keeps proxies from closing an idle connection. */
  keepAlive(): void;
  end(): void;
}

/**
 * A stream of server-sent events.
 *
 * @param opened called with the tab; returns a function to call when the tab has gone
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

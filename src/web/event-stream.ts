/** Bytes that are buffered for a slow reader. Further events are dropped, and the reader loads everything again later. */
const MOST_BEHIND = 256 * 1024;

const encoder = new TextEncoder();

/** An open tab that receives events. */
export interface Tab {
  /** @returns false if the tab reads too slowly and the event was dropped */
  send(event: Uint8Array): boolean;
  end(): void;
}

/** Encodes an event once for all tabs. */
export function eventOf(name: string, data: object): Uint8Array {
  return encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

/**
 * A stream of server-sent events.
 *
 * @param opened called with the tab; returns a function to call when the tab has gone
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function eventStream(opened: (tab: Tab) => () => void): ReadableStream<Uint8Array> {
  let closed = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        let isOpen = true;
        const gone = opened({
          send: (event) => {
            if (!isOpen || (controller.desiredSize ?? 0) <= 0) return false;
            controller.enqueue(event);
            return true;
          },
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
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_BEHIND }),
  );
}

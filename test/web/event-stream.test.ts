import { connect } from 'node:net';
import { eventOf, eventStream, type Tab } from '../../src/web/event-stream';
import { getRequestListener } from '../../src/web/hono';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';
import { serve } from './site';

const fleet = makeFleet();
const MB = 2 ** 20;

it('keeps at most 256 kB and an event for a tab that does not read, and sends on once it does', async () => {
  const tabs: Tab[] = [];
  let gone = 0;
  const opened = (tab: Tab) => {
    tabs.push(tab);
    return () => {
      gone += 1;
    };
  };
  const site = await serve(
    fleet,
    getRequestListener(() => new Response(eventStream(opened)), { overrideGlobalObjects: false }),
  );
  const socket = connect(site.port, '127.0.0.1');
  socket.pause().write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const tab = await waitFor('the tab', () => tabs[0]);
  const event = eventOf('changed', { text: 'x'.repeat(64 * 1024) });
  let taken = 0;
  let refused = 0;
  // What the system's own buffers hold is not ours: it is full when nothing has been taken for a while.
  while (refused < 100) {
    if (tab.send(event)) {
      taken += event.byteLength;
      refused = 0;
    } else refused += 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(taken).toBeLessThan(64 * MB);
  }
  // With room again, it is sent again.
  socket.resume();
  await waitFor('room', () => tab.send(event));
  socket.destroy();
  await waitFor('it to be gone', () => gone === 1);
  expect(tab.send(event)).toBe(false);
});

it('if the tab reads nothing at all, no more than the limit is kept', async () => {
  let tab: Tab | undefined;
  const stream = eventStream((given) => {
    tab = given;
    return () => {};
  });
  const event = eventOf('changed', { text: 'x'.repeat(1000) });
  let taken = 0;
  while (tab?.send(event)) taken += event.byteLength;
  expect(taken).toBeLessThan(256 * 1024 + event.byteLength);
  await stream.cancel();
});

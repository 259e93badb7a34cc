// Compiled and run as .ts, .mts and .cts, under every set-up of packaging.test.ts.
import { strictEqual } from 'node:assert';
import { createServer } from 'node:http';
import { Bossman } from 'bossman';
import { type Verdict, type WebOptions, type WebPages, web } from 'bossman/web';

/** Never called: it is written for the compiler. */
export async function use(): Promise<void> {
  const fred = new Bossman();
  const options: WebOptions = {
    authorize: async (request: Request, original: unknown): Promise<Verdict> => {
      const who = request.headers.get('x-user');
      if (who === null) return { access: null, challenge: 'Basic realm="jobs"' };
      return original === undefined ? 'read' : { access: 'write', who };
    },
    readOnly: false,
    base: '/jobs',
  };
  const pages: WebPages = web(fred, options);
  createServer(pages.handler);
  const answer: Response = await pages.fetch(new Request('http://localhost/jobs'));
  const GET: (request: Request, context: { params: object }) => Promise<Response> = pages.fetch;
  pages.close();
  fred.on('steered', ({ job, action, who }) => {
    const name: string | null = who;
    // @ts-expect-error: no such action
    const isHire = action === 'hire';
    return [job.length, action === 'forget', name, isHire];
  });
  web(fred, { authorize: ({ headers }) => (headers.has('cookie') ? 'write' : null) });
  // @ts-expect-error: no such access
  web(fred, { authorize: () => 'admin' });
  // @ts-expect-error: no such option
  web(fred, { port: 80 });
  return void [answer, GET];
}

strictEqual(typeof web, 'function');

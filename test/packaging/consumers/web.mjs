import { match, strictEqual } from 'node:assert';
import { createRequire } from 'node:module';
import Bossman from 'bossman';
import { web } from 'bossman/web';

strictEqual(createRequire(import.meta.url)('bossman/web').web, web);
const fred = new Bossman({ connection: process.argv[2], prefix: `packaging-web-${process.pid}` });
const pages = web(fred, { authorize: () => 'read' });
const answer = await pages.fetch(new Request('http://jobs.example/'));
strictEqual(answer.status, 200);
match(await answer.text(), /assets\/page-[0-9a-f]{12}\.js/);
const jobs = await pages.fetch(new Request('http://jobs.example/api/jobs'));
strictEqual((await jobs.json()).access, 'read');
await fred.quit();

import { Redis } from 'ioredis';
import { freePort, post } from './http';
import { inProject, Project } from './project';

const AT_WORK = /engineers at work/;

it(
  'the first lines of the page run the first job',
  inProject(async (project) => {
    await project.start('npx next dev', { PORT: await freePort() }).prints(AT_WORK);
  }, 'Next.js'),
);

describe.each(['15', '16'])('Next.js %s', (version) => {
  let project: Project;
  let redis: Redis;

  beforeAll(async () => {
    const adapt = (command: string) => command.replace('create-next-app', `create-next-app@${version}`);
    project = await Project.make('Next.js', adapt, { create: true });
    redis = new Redis(project.url);
  });

  afterAll(async () => {
    await redis.quit();
    await project.remove();
  });

  const instances = async () => JSON.parse(await project.run('npx bossman fleet --json')).instances.length;

  it('a build neither connects to Redis nor leaves a key', async () => {
    const before = await connections();
    await project.run('npx next build');
    // Our own look is none, as it is connected already.
    expect(await connections()).toBe(before);
    expect(await redis.dbsize()).toBe(0);
  });

  it('a server has one instance, takes demands from routes, and ends its runs on SIGTERM', async () => {
    project.edit(
      'jobs.ts',
      /\(\) => (console\.log\('engineers.*\)),/,
      `async () => {
        $1;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        console.log('engineers done');
      },`,
    );
    await project.run('npx next build');
    const port = await freePort();
    const server = project.start('NEXT_MANUAL_SIG_HANDLE=true npx next start', { PORT: port });
    await server.prints(AT_WORK);
    expect(await post(port, '/engineers')).toBe(202);
    expect(await instances()).toBe(1);
    await server.prints(AT_WORK, server.lines.length);
    server.signal('SIGTERM');
    expect(await server.exit()).toBe(0);
    expect(server.lines.filter((line) => /^engineers/.test(line)).at(-1)).toBe('engineers done');
  });

  it('in development, an edit creates no second instance, and the new code runs', async () => {
    const port = await freePort();
    const server = project.start('npx next dev', { PORT: port });
    await server.prints(AT_WORK);
    expect(await post(port, '/engineers')).toBe(202);
    project.edit('jobs.ts', 'engineers at work', 'edited engineers at work');
    const asked = setInterval(() => void post(port, '/engineers').catch(() => {}), 1000);
    await server.prints(/edited engineers at work/).finally(() => clearInterval(asked));
    expect(await instances()).toBe(1);
    project.edit('app/engineers/route.ts', /$/, '\n// edited\n');
    expect(await post(port, '/engineers')).toBe(202);
    await server.prints(/edited engineers at work/, server.lines.length);
    expect(await instances()).toBe(1);
    expect(server.lines.filter((line) => /^ ⨯|Module not found/.test(line))).toEqual([]);
  });

  async function connections(): Promise<number> {
    return Number(/total_connections_received:(\d+)/.exec(await redis.info('stats'))?.[1]);
  }
});

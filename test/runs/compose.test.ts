import { compose as composeWithLate, type Link } from '../../src/runs/compose';

const late = jest.fn();
const compose = (links: Link[], work: () => unknown) => composeWithLate(links, work, late);

describe('the chain around work', () => {
  it('runs the first registered outermost, and returns values outwards', async () => {
    const told: string[] = [];
    const link =
      (name: string): Link =>
      async (next) => {
        told.push(`${name} in`);
        const value = await next();
        told.push(`${name} out`);
        return `${name}(${String(value)})`;
      };
    await expect(compose([link('a'), link('b')], () => 'work')).resolves.toBe('a(b(work))');
    expect(told).toEqual(['a in', 'b in', 'b out', 'a out']);
  });

  it('is vetoed by a link that does not call next', async () => {
    const work = jest.fn();
    await expect(compose([() => 'no'], work)).resolves.toBe('no');
    expect(work).not.toHaveBeenCalled();
  });

  it('lets a link handle an error of the inner links', async () => {
    const recover: Link = (next) => next().catch((error: Error) => `saved from ${error.message}`);
    const work = () => {
      throw new Error('harm');
    };
    await expect(compose([recover], work)).resolves.toBe('saved from harm');
  });

  it.each<[string, Link]>([
    ['and waits for both', async (next) => [await next(), await next()]],
    ['and waits for neither', (next) => void [next(), next()]],
    ['and swallows the refusal', (next) => Promise.allSettled([next(), next()])],
  ])('fails when a link calls next twice %s', async (_how, link) => {
    const work = jest.fn();
    await expect(compose([link], work)).rejects.toMatchObject({ code: 'NEXT_TWICE' });
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('waits for work that a link did not wait for, and fails with it', async () => {
    let fail: (error: Error) => void = () => {};
    const work = () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    const careless: Link = (next) => void next();
    let settled = false;
    const chain = compose([careless], work).finally(() => {
      settled = true;
    });
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    fail(new Error('late harm'));
    await expect(chain).rejects.toThrow('late harm');
  });

  it('turns what a link throws at once into a rejection', async () => {
    const broken: Link = () => {
      throw new Error('broken QA');
    };
    await expect(compose([broken], () => 1)).rejects.toThrow('broken QA');
  });

  it('runs nothing for a link that calls next after the run has ended, and reports it', async () => {
    const work = jest.fn();
    let callNext = () => {};
    const tardy: Link = (next) => {
      callNext = () => void next();
    };
    await compose([tardy], work);
    callNext();
    expect(work).not.toHaveBeenCalled();
    expect(late).toHaveBeenCalledWith(expect.objectContaining({ code: 'NEXT_LATE' }));
  });
});

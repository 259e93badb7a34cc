import { parseAnswer } from '../../src/inspection/answers';

const ID = '0123456789abcdef';
const RUN = { job: 'a', since: 5, slot: 4, demandedAt: null, lockEndsAt: 9 };
const ANSWER = {
  host: 'h',
  pid: 7,
  version: '2.0.0',
  application: 'shop@1.4.0',
  since: 3,
  jobs: { '': ['b'], 'every 5': ['a'] },
  running: [RUN],
};

describe('an answer to a roll call', () => {
  it('is read as an instance wrote it', () => {
    expect(parseAnswer(ID, JSON.stringify(ANSWER))).toEqual({
      ...ANSWER,
      id: ID,
      jobs: [
        { name: 'a', plan: 'every 5' },
        { name: 'b', plan: null },
      ],
    });
    const { application: _, ...ofEarlierVersion } = ANSWER;
    expect(parseAnswer(ID, JSON.stringify(ofEarlierVersion))?.application).toBeNull();
  });

  it.each<[string, object]>([
    ['no host', { host: undefined }],
    ['a number as host', { host: 7 }],
    ['a list as version', { version: ['2.0.0'] }],
    ['a text as pid', { pid: '7' }],
    ['a negative pid', { pid: -7 }],
    ['no start', { since: null }],
    ['a start that is no date', { since: 1e16 }],
    ['a job that is no text', { jobs: { 'every 5': [{}] } }],
    ['jobs without a list', { jobs: { 'every 5': 'a' } }],
    ['a list of jobs', { jobs: [['a']] }],
    ['no runs', { running: {} }],
    ['a run that is none', { running: [null] }],
    ['a run of no job', { running: [{ ...RUN, job: 7 }] }],
    ['a run that began at no time', { running: [{ ...RUN, since: 'now' }] }],
    ['a run of a slot that is no date', { running: [{ ...RUN, slot: 1e300 }] }],
    ['a run without the end of its lock', { running: [{ ...RUN, lockEndsAt: undefined }] }],
  ])('with %s is ignored', (_, wrong) => {
    expect(parseAnswer(ID, JSON.stringify({ ...ANSWER, ...wrong }))).toBeNull();
  });

  it("that is not a JSON object, or has no instance's id, is ignored", () => {
    for (const text of ['', 'null', '[]', '7', '{'])
      expect({ text, read: parseAnswer(ID, text) }).toEqual({ text, read: null });
    for (const id of ['', 'other', ID.toUpperCase(), `${ID}0`])
      expect({ id, read: parseAnswer(id, JSON.stringify(ANSWER)) }).toEqual({ id, read: null });
  });

  it('has texts of bounded length', () => {
    const long = 'x'.repeat(10_000);
    const read = parseAnswer(ID, JSON.stringify({ ...ANSWER, host: long, version: long, application: long }));
    for (const text of [read?.host, read?.version, read?.application]) expect(text).toHaveLength(256);
  });
});

import { Refusal } from './refusal';

/** Bytes; the longest valid body has a note of 200 characters. */
const LONGEST = 16 * 1024;

/**
 * The object in a JSON body.
 *
 * @param parsed the body if a framework has parsed it, else undefined
 * @throws Refusal
 */
export async function objectIn(request: Request, parsed: unknown): Promise<Record<string, unknown>> {
  const value = parsed === undefined ? parse(await textIn(request)) : parsed;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Refusal(400, 'BAD_REQUEST', 'the body is not a JSON object');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'BAD_REQUEST', 'the body is not JSON');
  }
}

async function textIn({ body, headers }: Request): Promise<string> {
  if (Number(headers.get('content-length')) > LONGEST) throw tooLong();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) break;
    length += value.byteLength;
    if (length > LONGEST) {
      reader?.cancel().catch(() => {});
      throw tooLong();
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLong(): Refusal {
  return new Refusal(413, 'TOO_LONG', `the body is longer than ${LONGEST} bytes`);
}

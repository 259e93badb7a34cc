import { BossmanError, messageOf } from '../errors';

/** Who reads the advice: the author of a service, or the user of `npx bossman`. */
export type Reader = 'service' | 'cli';

/** Advice for an error from Redis or from the connection to it. */
interface Remedy {
  /** Matches an error's `code` or message. */
  said: RegExp;
  /** Separate texts if the two readers have different means. */
  advice: string | Record<Reader, string>;
}

/** Characters of the other side's error that a message includes. */
const LONGEST = 300;

const LOGIN = 'redis://user:password@host:6379';
const UNTRUSTED = 'it is not signed by an authority that Node trusts: pass the file of its certificate in';

/** Errors for a connection that was accepted but is unusable. */
export const UNREADY = {
  closed: 'closed by the other side at once',
  answers: 'closed by the other side, which answers PING',
  beforeTls: 'closed by the other side before the TLS handshake',
  withTls: 'the server there expects TLS',
  withoutTls: 'the Redis there does not use TLS',
  other: 'the server there is not Redis',
} as const;

/** The first match applies. */
const REMEDIES: readonly Remedy[] = [
  { said: startingWith(UNREADY.closed), advice: 'is that Redis? If it expects TLS, use rediss://' },
  {
    said: startingWith(UNREADY.answers),
    advice: {
      service: 'if a proxy there does not support HELLO, set protocol: 2 in connection',
      cli: 'if a proxy there does not support HELLO, add ?protocol=2 to the URL',
    },
  },
  { said: startingWith(UNREADY.beforeTls), advice: 'Redis may have reached its maxclients' },
  { said: startingWith(UNREADY.withTls), advice: 'use rediss://' },
  { said: startingWith(UNREADY.withoutTls), advice: 'use redis://, without tls' },
  { said: startingWith(UNREADY.other), advice: 'is it the right host and port?' },
  { said: /RESP type|as reply type byte/, advice: 'the server there is not Redis' },
  {
    said: /max number of clients/,
    advice: 'raise maxclients in Redis, or close unneeded connections; each instance has two',
  },
  {
    said: /^NOAUTH\b/,
    advice: {
      service: `set user and password in connection: ${LOGIN}`,
      cli: `add user and password to the URL: ${LOGIN}`,
    },
  },
  {
    said: /^WRONGPASS\b|invalid password/,
    advice: `check user and password; in ${LOGIN} both must be percent-encoded`,
  },
  {
    said: /^NOPERM\b.*\(SELECT \d+\)$/s,
    advice: 'a database other than 0 requires the right to SELECT: +select',
  },
  {
    said: /^NOPERM\b/,
    advice: {
      service: 'npx bossman doctor lists the rights that are missing',
      cli: 'bossman doctor lists the rights that are missing',
    },
  },
  {
    said: /^(-?READONLY)\b/,
    advice: {
      service: 'this is a replica: connect to its primary, or through Sentinel',
      cli: 'this is a replica: use the URL of its primary',
    },
  },
  {
    said: /^MASTERDOWN\b/,
    advice: 'this is a replica that has lost its primary: connect to the primary',
  },
  { said: /^LOADING\b/, advice: 'Redis answers no commands until it has loaded its data' },
  { said: /^MISCONF\b/, advice: 'Redis refuses writes while it cannot save: check its disk and its log' },
  { said: /^OOM\b/, advice: 'raise maxmemory in Redis, or delete unneeded data' },
  {
    said: /^NOREPLICAS\b/,
    advice: 'Redis refuses writes while it has fewer replicas than min-replicas-to-write',
  },
  { said: /^BUSY\b/, advice: 'a script of another program blocks Redis: SCRIPT KILL ends it' },
  {
    said: /^CLUSTERDOWN\b/,
    advice: 'a node of the Cluster is down, or some slots have none: see CLUSTER INFO and CLUSTER SHARDS',
  },
  {
    said: /^CROSSSLOT\b/,
    advice: {
      service:
        "this Redis is sharded: a prefix with a hash tag, such as '{bossman}', keeps all keys together",
      cli: "this Redis is sharded: --prefix '{bossman}', with the braces, keeps all keys together",
    },
  },
  {
    said: /^(MOVED|ASK)\b/,
    advice: {
      service: 'this is one node of a Cluster: pass an ioredis Cluster as connection',
      cli: 'this is one node of a Cluster: add --cluster',
    },
  },
  {
    said: /^DENIED\b/,
    advice:
      'Redis accepts connections only from its own machine: set a password in Redis, or protected-mode no',
  },
  {
    said: /unknown (redis )?command.*\(SELECT \d+\)$/is,
    advice: 'the server there has only database 0: omit db',
  },
  {
    said: /^(ERR )?unknown (redis )?command|script attempted to access|unknown redis command called/i,
    advice: 'bossman needs Redis 6.2 or later, or Valkey, and no proxy in front of it that lacks commands',
  },
  {
    said: /^NOPROTO\b/,
    advice: 'the server there does not speak RESP3: set protocol: 2 in connection',
  },
  { said: /DB index is out of range/, advice: 'use another db, or raise databases in redis.conf' },
  {
    said: /SELECT is not allowed in cluster mode/,
    advice: {
      service: 'a Cluster has only database 0: omit db, and pass an ioredis Cluster',
      cli: 'a Cluster has only database 0: use a URL without a database, and --cluster',
    },
  },
  {
    said: /^CERT_HAS_EXPIRED$|certificate has expired/,
    advice: 'renew the certificate',
  },
  {
    said: /^CERT_NOT_YET_VALID$/,
    advice: "the certificate is not valid yet: is this machine's clock right?",
  },
  {
    said: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    advice: 'use a host name that is in the certificate',
  },
  {
    said: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/,
    advice: {
      service: `${UNTRUSTED} NODE_EXTRA_CA_CERTS, or as ioredis' tls: { ca }`,
      cli: `${UNTRUSTED} --ca or NODE_EXTRA_CA_CERTS`,
    },
  },
  {
    said: /^ERR_SSL_.*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/,
    advice: {
      service: "Redis may require a client certificate: ioredis' tls: { cert, key }",
      cli: 'Redis may require a client certificate (tls-auth-clients)',
    },
  },
  {
    said: /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/,
    advice: 'the server there does not speak TLS: is it the right port?',
  },
];

function startingWith(text: string): RegExp {
  return new RegExp(`^${text}`);
}

/** Advice for an error of a command or a connection; null if the error's message is sufficient. */
export function remedyOf(error: unknown, reader: Reader = 'service'): string | null {
  const texts = [codeOf(error), saidIn(error)];
  const found = REMEDIES.find(({ said }) => texts.some((text) => said.test(text)));
  if (!found) return null;
  return typeof found.advice === 'string' ? found.advice : found.advice[reader];
}

/** The other side's error, and advice. */
export function explained(error: unknown, reader: Reader = 'service'): string {
  const remedy = remedyOf(error, reader);
  return remedy === null ? saidIn(error) : `${saidIn(error).replace(/\.$/, '')}; ${remedy}`;
}

/** The error for a verb that Redis refused for a job and that is retried. */
export function retryError(verb: string, job: string, cause: unknown): BossmanError {
  const message = `${verb} of '${job}' failed (${explained(cause)}); trying again`;
  return new BossmanError('COMMAND', message, job, cause);
}

/**
 * The refusal without the script's hash, which does not help the reader, and without Redis' advice where ours is
 * better. Redis 6.2 puts the refusal after the text about the script.
 */
function saidIn(error: unknown): string {
  const said = messageOf(error)
    .replace(/^ERR Error running script .*?: (?:@user_script:? ?\d*: )+-?/s, '')
    .replace(/\.? script: [0-9a-f]{40},.*$/s, '')
    .replace(/^(DENIED .*?)( because |\. ).*$/s, '$1')
    .replace(/^(NOAUTH .*), otherwise the HELLO AUTH .*$/s, '$1')
    .replace(/ Please report this\.$/, '');
  return said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

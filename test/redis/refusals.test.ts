import { explained, remedyOf } from '../../src/redis/refusals';

const coded = (code: string) => Object.assign(new Error('certificate of somebody'), { code });

describe('an error of Redis is reported with what to do about it', () => {
  it.each([
    ['MOVED 12182 127.0.0.1:7002', /ioredis Cluster/, /--cluster/],
    ['ASK 12182 127.0.0.1:7002', /ioredis Cluster/, /--cluster/],
    [
      "READONLY You can't write against a read only replica. script: a51318d8927faf9bb15bfd302586e99481956f84, on @user_script:231.",
      /replica; this is a replica: connect/,
      /replica; .* URL/,
    ],
    [
      "ERR Error running script (call to f_b): @user_script:231: @user_script: 231: -READONLY You can't write against a read only replica.",
      /^READONLY You can't write against a read only replica; /,
      /URL/,
    ],
    ['ERR unknown command `HRANDFIELD`, with args beginning with: ', /Redis 6\.2/, /Redis 6\.2/],
    ['ERR Unknown Redis command called from Lua script', /Redis 6\.2/, /Redis 6\.2/],
    ['NOREPLICAS Not enough good replicas to write.', /min-replicas-to-write/, /min-replicas/],
    ['BUSY Redis is busy running a script.', /SCRIPT KILL/, /SCRIPT KILL/],
    ['ERR DB index is out of range', /databases/, /databases/],
    ['NOPERM this user has no permissions', /; npx bossman doctor/, /; bossman doctor/],
    ['Unknown RESP type 72 "H". Please report this.', /"H"; the server there is not Redis$/, /not Redis$/],
  ])('%s', (said, service, cli) => {
    expect(explained(new Error(said))).toMatch(service);
    expect(explained(new Error(said), 'cli')).toMatch(cli);
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /--ca/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /--ca/],
    ['CERT_HAS_EXPIRED', /renew the certificate/],
    ['CERT_NOT_YET_VALID', /clock/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /host name that is in the certificate/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /require a client certificate/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS/],
  ])('a certificate, by its code %s', (code, advice) => {
    expect(remedyOf(coded(code), 'cli')).toMatch(advice);
  });

  it('and unchanged if there is nothing to add, whatever was thrown', () => {
    for (const thrown of [new Error('ERR whatever'), null, 7, 'text', Object.create(null), { code: 7 }]) {
      expect(remedyOf(thrown)).toBeNull();
      expect(typeof explained(thrown)).toBe('string');
    }
    expect(explained(new Error('x'.repeat(1000)))).toHaveLength(301);
  });
});

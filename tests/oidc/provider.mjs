// An identity provider for the tests: oidc-provider, which is certified, with its own pages, on
// which everybody may come in under any name.
//
// Run from the directory that it is installed in. SETUP says, as JSON, its `issuer`, its `port` and
// its `clients`. It draws a key of its own at each start.
//
// Whoever comes in under one of the names of `lies` gets an id token that was changed after it was
// made, as an attacker or a broken provider would: the rest of the protocol stays as it is.

import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT, decodeJwt } from 'jose';
import Provider from 'oidc-provider';

const { issuer, port, clients } = JSON.parse(process.env.SETUP);
const draw = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const key = draw();
const kid = randomUUID();

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...key.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  responseTypes: ['code'],
  claims: { openid: ['sub'], email: ['email'], profile: ['name', 'preferred_username'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: `Person ${id}`,
      preferred_username: `${id}@company.example`,
      email: `${id}@company.example`,
    }),
  }),
});

const sign = (claims, by = key) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(by);
const half = (token) => createHash('sha256').update(token).digest().subarray(0, 16);
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// By the name of who comes in: the id token that takes the place of the real one.
const lies = {
  'tells-token': (claims, token) => sign({ ...claims, at_hash: half(token).toString('base64url') }),
  'lies-audience': (claims) => sign({ ...claims, aud: 'another' }),
  'lies-audiences': (claims) => sign({ ...claims, aud: [claims.aud, 'another'] }),
  'lies-issuer': (claims) => sign({ ...claims, iss: 'https://id.example' }),
  'lies-nonce': (claims) => sign({ ...claims, nonce: 'another' }),
  'lies-no-nonce': ({ nonce, ...claims }) => sign(claims),
  'lies-time': (claims) => sign({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 }),
  'lies-token': (claims) => sign({ ...claims, at_hash: half('another').toString('base64url') }),
  'lies-key': (claims) => sign(claims, draw()),
  'lies-unsigned': (claims) => `${part({ alg: 'none' })}.${part(claims)}.`,
  'lies-name': (claims) => sign({ ...claims, sub: 'x'.repeat(256) }),
  'lies-nothing': () => undefined,
};

provider.use(async (ctx, next) => {
  await next();
  if (typeof ctx.body === 'string') {
    // Its pages would fetch a font from elsewhere.
    ctx.body = ctx.body.replace(/@import url\([^)]*\);?/g, '');
  }
  const made = ctx.path === '/token' && ctx.body?.id_token;
  const claims = made && decodeJwt(made);
  const lie = claims && lies[claims.sub];
  if (lie) {
    ctx.body = { ...ctx.body, id_token: await lie(claims, ctx.body.access_token) };
  }
});

const server = provider.listen(port, '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));

/** What a secret looks like wherever it stands: the shapes that services give their keys, and words that are random. */

/**
 * Shapes of keys by their beginnings, after the services' own documentation. No lists of patterns that others keep fit here: they are
 * made for repositories, asynchronous, half as large as the warden, and backtrack.
 */
const shapes = [
  'sk[-_][\\w-]{16,}', // OpenAI, Anthropic, Stripe
  '[prw]k_(?:live|test)_\\w{8,}', // Stripe
  'whsec_[\\w+/=]{16,}', // Stripe's webhooks
  'gh[opsur]_\\w{16,}', // GitHub
  'github_pat_\\w{16,}',
  'gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt|oas)-[\\w.-]{12,}', // GitLab
  'xox[abeoprs]-[\\w-]{8,}', // Slack
  'xapp-[\\w-]{8,}',
  '(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA|ANVA|A3T[A-Z0-9])[A-Z0-9]{12,}', // AWS
  'AIza[\\w-]{30,}', // Google
  'GOCSPX-[\\w-]{16,}',
  'ya29\\.[\\w-]{16,}',
  'eyJ[\\w-]{8,}(?:\\.[\\w-]*){0,4}', // JSON web tokens
  'npm_\\w{16,}',
  'pypi-[\\w-]{16,}',
  'dckr_pat_[\\w-]{16,}', // Docker
  'do[oprt]_v1_\\w{16,}', // DigitalOcean
  'SG\\.[\\w-]{10,}\\.[\\w-]{10,}', // SendGrid
  'key-[0-9a-zA-Z]{24,}', // Mailgun
  '[0-9a-f]{32}-us\\d{1,2}', // Mailchimp
  'hf_\\w{16,}', // Hugging Face
  'gsk_\\w{16,}', // Groq
  'xai-\\w{16,}',
  'r8_\\w{16,}', // Replicate
  'pplx-\\w{16,}', // Perplexity
  'lin_api_\\w{16,}', // Linear
  'dop_\\w{16,}',
  'shp(?:at|ca|pa|ss)_\\w{16,}', // Shopify
  'sq0[a-z]{3}-[\\w-]{16,}', // Square
  'EAAA[\\w-]{40,}',
  'hv[sbr]\\.[\\w-]{16,}', // Vault
  'dapi[0-9a-f]{24,}', // Databricks
  'glc_[\\w+/=-]{16,}', // Grafana
  'glsa_\\w{16,}',
  'NRAK-\\w{16,}', // New Relic
  'sntry[su]_[\\w+/=-]{16,}', // Sentry
  'PMAK-[\\w-]{16,}', // Postman
  'fo1_[\\w-]{16,}', // Fly.io
  'FlyV1 fm\\d_[\\w+/=,-]{16,}',
  'tskey-[\\w-]{10,}', // Tailscale
  'AGE-SECRET-KEY-1\\w{16,}',
  'ATATT3[\\w=-]{16,}', // Atlassian
  'LTAI\\w{12,}', // Alibaba
  'AC[0-9a-f]{32}',
  'SK[0-9a-f]{32}', // Twilio
  '\\d{8,10}:AA[\\w-]{30,}', // Telegram
  '[MNO][\\w-]{22,27}\\.[\\w-]{6}\\.[\\w-]{26,}', // Discord
  'secret_\\w{20,}', // Notion
  'ntn_\\w{20,}',
  'pscale_\\w{3,5}_[\\w.-]{16,}', // PlanetScale
  'rubygems_\\w{16,}',
  'ops_eyJ[\\w+/=-]{16,}', // 1Password
  'A3-[A-Z0-9]{6}-[A-Z0-9-]{20,}',
  'atlasv1\\.[\\w-]{16,}',
].join('|');
const shape = new RegExp(`(?<![A-Za-z0-9])(?:${shapes})`, 'g');
const privateKey = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY[^-]{0,20}-----(?:[^-]|-(?!----END))*(?:-----END[^-]{0,60}-----)?/g;
const scheme = /\b(Bearer|Basic|Digest|Negotiate|ApiKey|Token)(\s+)(?=[^\s"',;]{8})(?![a-z]+[\s"',;])[^\s"',;]+/gi;

const run = /[A-Za-z0-9+/_=-]{20,}/g;
const shortestOpaque = 20;

/** Masks what is a secret by its looks. Linear in the length of the text. */
export function maskShapes(text: string, mask: string): string {
  return text
    .replace(privateKey, mask)
    .replace(scheme, (_whole, word: string, space: string) => `${word}${space}${mask}`)
    .replace(shape, mask)
    .replace(run, (found, at: number) => maskRun(found, text.slice(Math.max(0, at - 8), at), mask));
}

/**
 * A word of twenty characters or more with letters and digits in disorder. Left readable: commits (40 hexadecimal digits), digests that say
 * so (`sha256:`), UUIDs, numbers, words with separators, camelCase, and paths, of which only a part that is such a word is masked.
 */
function maskRun(found: string, before: string, mask: string): string {
  if (/sha\d+[:-]$|^sha\d+-/i.test(before)) return found;
  if (found.includes('/') && isBase64(found)) return mask;
  return found
    .split('/')
    .map((part) => (isOpaque(part) ? mask : part))
    .join('/');
}

/** Of base64, pieces between slashes are long and in disorder, and no piece is a plain word. */
function isBase64(text: string): boolean {
  const pieces = text.split('/').filter(Boolean);
  const letters = pieces.join('');
  if (text.startsWith('/') || pieces.some((piece) => /^[a-z_-]{3,}$/.test(piece)) || letters.length < 3 * shortestOpaque * 0.6)
    return false;
  return disorderOf(letters) >= 0.28 && letters.length / pieces.length >= 8;
}

function isOpaque(word: string): boolean {
  const bare = word.replace(/=+$/, '');
  const pieces = bare.split(/[-_=]/).filter(Boolean);
  const letters = pieces.join('');
  if (letters.length < shortestOpaque || letters.length / pieces.length < 10) return false;
  if (/^\d+$/.test(letters) || /^[0-9a-f]{40}$/.test(letters)) return false;
  if (/^(?:[0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64,})$/i.test(word) && /[a-f]/i.test(word)) return true;
  if (/[A-Z]/.test(letters) && /[a-z]/.test(letters)) return disorderOf(letters) >= 0.4;
  return disorderOf(letters) >= 0.22;
}

/** How often the kind of character changes (lower case, upper case, digit), by the length. */
function disorderOf(text: string): number {
  let changes = 0;
  for (let at = 1; at < text.length; at++) if (kindOf(text.charCodeAt(at)) !== kindOf(text.charCodeAt(at - 1))) changes++;
  return changes / text.length;
}

function kindOf(code: number): number {
  if (code >= 48 && code <= 57) return 0;
  return code >= 97 ? 1 : 2;
}

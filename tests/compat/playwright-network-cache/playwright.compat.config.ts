// The project's own configuration with Debian's Chromium.
import base from './playwright.config';

export default {
  ...base,
  use: { ...base.use, launchOptions: { executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] } },
};

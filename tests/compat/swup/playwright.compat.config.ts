// The project's own configuration with Debian's Chromium alone, and without video: its recorder is a download.
import base from './tests/config/playwright.config';

export default {
  ...base,
  testDir: './tests/functional',
  outputDir: './tests/results',
  projects: [{
    name: 'chromium',
    use: { launchOptions: { executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] } },
  }],
  use: { ...base.use, video: 'off' as const, screenshot: 'off' as const },
};

#!/usr/bin/env node
// npm links a command only if its file is there when it installs: this one is, before any build.
import '../dist/lib/bin.js'

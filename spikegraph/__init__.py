"""The front door of SpikeGraph: errors, settings and logs below; api, command line and local server above."""

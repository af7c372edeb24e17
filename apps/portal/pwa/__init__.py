"""The portal as an app on the phone: manifest, service worker, offline page, notifications."""

/**
 * A certificate that localhost signed for itself, for a hundred years, and its key, which opens
 * nothing: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
 * -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
 */
export const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPse+YClS17J5IwMi
Iqxf/6QQDeXXuqg4g2IAVLJCGD6hRANCAASZUKAj/vM27H8sDPvFZxoeLYiyWVUI
2vmHS49DY0iQD+yzThLC3t9FU3G7ro7z4YpBAUVnTiBy+HOPHRwEDd8Y
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUKyat5Sy+bod6b9vqV4/gM5zaqgUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA5MTc1MFoYDzIxMjYxMDI5
MDkxNzUwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASZUKAj/vM27H8sDPvFZxoeLYiyWVUI2vmHS49DY0iQD+yzThLC3t9F
U3G7ro7z4YpBAUVnTiBy+HOPHRwEDd8Yo28wbTAdBgNVHQ4EFgQUxIetCfj5HaDs
23iWFjXhY+jULFQwHwYDVR0jBBgwFoAUxIetCfj5HaDs23iWFjXhY+jULFQwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgJsjjJXE1M/kNSK/tAE50/DxOuQ2/bUTSZMzwgoNuuX8CIA5H
/ZAP05frw5nAG/IPiUXS0BuaDaM8tgYu1sBfZI4V
-----END CERTIFICATE-----
`,
}

"""Where the cameras of common brands have their pictures, as their makers' manuals say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Brand:
    """`address` has places for {host} and, where a recorder has several cameras, {channel}."""

    code: str
    name: str
    address: str

    def address_of(self, host: str, channel: int) -> str:
        """The address of one camera; `host` may have a port, which then stands instead of the usual one."""
        if ":" in host:
            return self.address.replace("{host}:554", "{host}").format(host=host, channel=channel)
        return self.address.format(host=host, channel=channel)


BRANDS = (
    Brand("hikvision", "Hikvision", "rtsp://{host}:554/Streaming/Channels/{channel}01"),
    Brand("dahua", "Dahua · CP Plus", "rtsp://{host}:554/cam/realmonitor?channel={channel}&subtype=0"),
    Brand("tplink", "TP-Link Tapo · VIGI", "rtsp://{host}:554/stream1"),
    Brand("reolink", "Reolink", "rtsp://{host}:554/h264Preview_{channel:02d}_main"),
    Brand("uniview", "Uniview", "rtsp://{host}:554/unicast/c{channel}/s0/live"),
    Brand("axis", "Axis", "rtsp://{host}:554/axis-media/media.amp?videocodec=h264&camera={channel}"),
    Brand("onvif", "ONVIF · RTSP", "rtsp://{host}:554/onvif{channel}"),
    Brand("mjpeg", "HTTP MJPEG", "http://{host}/video.mjpg"),
)
BY_CODE = {brand.code: brand for brand in BRANDS}

"""Getting the firmware onto a camera: compile, sign, pack a file system, write it, update it over the broker.

build     firmware/ and hub/wire.py -> the application's files, compiled for the chip or for the host
signing   the site's key, under which updates are signed
node      what one camera needs to connect: node.json and the CA
image     all of that as a LittleFS image of the board's file system
flash     esptool: write images, take the file system's place into account
updating  a new application for a camera that runs, by commands over the broker
"""
